//! The Teams app's package: what is in it, and what Teams would refuse.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::io::Read as _;

use pilothouse::{
    cli::package::{self, flaws},
    commands::About,
    config::{self, Config, Secrets},
};
use serde_json::{Value, json};

fn config() -> Config {
    let text = include_str!("../../deploy/pilothouse.example.yaml");
    config::check_text("pilothouse.yaml", text, Secrets::Leave).config.unwrap()
}

fn commands(count: usize) -> Vec<About> {
    let about = |number| About {
        name: format!("command{number}"),
        usage: format!("command{number} <environment> [--because \"x\"]"),
        summary: "What it does.".to_owned(),
    };
    (0..count).map(about).collect()
}

fn icon(side: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(side.to_be_bytes());
    png.extend(side.to_be_bytes());
    png
}

fn wrong(manifest: &Value) -> Vec<String> {
    flaws(manifest, &icon(192), &icon(32))
}

#[test]
fn the_package_holds_the_manifest_and_the_icons_and_is_the_same_each_time() {
    let manifest = package::manifest(&config(), &commands(3)).unwrap();
    let bytes = package::pack(&manifest).unwrap();
    assert_eq!(bytes, package::pack(&manifest).unwrap());
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["color.png", "manifest.json", "outline.png"]);
    let mut text = String::new();
    zip.by_name("manifest.json").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), manifest);
}

#[test]
fn the_manifest_says_what_the_configuration_says() {
    let manifest = package::manifest(&config(), &commands(3)).unwrap();
    assert_eq!(manifest["id"], "3f1c2b7a-9d44-4c1e-8a52-6f0e7d9b1a23");
    assert_eq!(manifest["bots"][0]["botId"], manifest["id"]);
    assert_eq!(manifest["bots"][0]["scopes"], json!(["personal", "team", "groupChat"]));
    assert_eq!(manifest["supportsChannelFeatures"], "tier1");
    assert_eq!(manifest["validDomains"], json!(["chatops.example.com"]));
    assert_eq!(manifest["developer"]["privacyUrl"], "https://example.com/privacy");
    let listed = &manifest["bots"][0]["commandLists"][0]["commands"];
    assert_eq!(listed[2], json!({ "title": "command2", "description": "What it does." }));
    assert_eq!(wrong(&manifest), Vec::<String>::new());
}

#[test]
fn the_app_asks_for_what_incidents_need_in_a_team_and_for_no_more() {
    let mut config = config();
    let manifest = package::manifest(&config, &commands(3)).unwrap();
    let asked = &manifest["authorization"]["permissions"]["resourceSpecific"];
    let names: Vec<_> = asked.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Channel.Create.Group", "ChannelSettings.Read.Group"]);
    assert_eq!(manifest["webApplicationInfo"]["id"], manifest["id"]);
    assert_eq!(manifest["supportedChannelTypes"], Value::Null);
    config.incidents.membership = pilothouse::incidents::Membership::Private;
    let manifest = package::manifest(&config, &commands(3)).unwrap();
    assert_eq!(manifest["supportedChannelTypes"], json!(["privateChannels"]));
    config.incidents = pilothouse::incidents::Settings::default();
    let manifest = package::manifest(&config, &commands(3)).unwrap();
    assert_eq!(
        (&manifest["authorization"], &manifest["webApplicationInfo"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn every_number_of_commands_gives_a_manifest_teams_takes() {
    for count in [0, 1, 12, 40] {
        let manifest = package::manifest(&config(), &commands(count)).unwrap();
        assert_eq!(wrong(&manifest), Vec::<String>::new());
        let none = vec![];
        let lists = manifest["bots"][0]["commandLists"].as_array().unwrap_or(&none);
        assert_eq!(lists.len(), if count == 0 { 0 } else { 2 });
        for list in lists {
            assert_eq!(list["commands"].as_array().unwrap().len(), count.min(12));
        }
    }
}

/// What Teams lists for those scopes.
fn listed(manifest: &Value, scopes: &[&str]) -> Vec<String> {
    let lists = manifest["bots"][0]["commandLists"].as_array().unwrap();
    let list = lists.iter().find(|list| list["scopes"] == json!(scopes)).unwrap();
    let title = |command: &Value| command["title"].as_str().unwrap().to_owned();
    list["commands"].as_array().unwrap().iter().map(title).collect()
}

#[test]
fn teams_lists_what_is_most_wanted_in_each_place_and_help_always() {
    let about = pilothouse::commands::about();
    let manifest = package::manifest(&config(), &about).unwrap();
    let (together, alone) =
        (listed(&manifest, &["team", "groupChat"]), listed(&manifest, &["personal"]));
    // Kept as it is, so that whoever adds a command sees whether it is listed: choice.rs says.
    insta::assert_snapshot!(format!(
        "together: {}\nalone: {}",
        together.join(", "),
        alone.join(", ")
    ));
    // As many others as there may ever be.
    let many: Vec<About> = commands(40).into_iter().chain(pilothouse::commands::about()).collect();
    let manifest = package::manifest(&config(), &many).unwrap();
    for scopes in [&["team", "groupChat"][..], &["personal"]] {
        let listed = listed(&manifest, scopes);
        assert!(listed.contains(&"help".to_owned()), "{listed:?}");
        assert_eq!(listed.len(), 12);
        assert_eq!(wrong(&manifest), Vec::<String>::new());
    }
    assert_eq!(listed(&manifest, &["personal"])[..4], alone[..4]);
}

#[test]
fn whoever_makes_the_package_is_told_what_teams_will_not_list() {
    assert_eq!(package::left_out(&commands(12)), None);
    assert_eq!(
        package::left_out(&commands(14)).unwrap(),
        "Teams lists 12 commands in one place. In channels and group chats Teams does not list \
         `/command12`, `/command13`. In a chat with the bot alone Teams does not list \
         `/command12`, `/command13`. All of them work, and `/help` shows them."
    );
}

#[test]
fn long_and_hostile_texts_stay_texts() {
    let evil = "\", \"id\": \"x\\ \n{{name}} </at>";
    let mut config = config();
    config.app.as_mut().unwrap().description = evil.to_owned();
    let long = About { name: "x".repeat(50), usage: "x".repeat(50), summary: evil.repeat(20) };
    let manifest = package::manifest(&config, &[long]).unwrap();
    assert_eq!(manifest["description"]["full"], evil);
    assert_eq!(manifest["id"], "3f1c2b7a-9d44-4c1e-8a52-6f0e7d9b1a23");
    assert_eq!(wrong(&manifest), Vec::<String>::new());
}

#[test]
fn everything_teams_would_refuse_is_said_at_once() {
    let mut manifest = package::manifest(&config(), &commands(2)).unwrap();
    manifest["version"] = json!("1.0");
    manifest["name"]["short"] = json!("x".repeat(31));
    manifest["description"]["short"] = json!("");
    manifest["developer"]["privacyUrl"] = json!("http://example.com");
    manifest["accentColor"] = json!("blue");
    manifest["id"] = json!("my-bot");
    manifest["manifestVersion"] = json!("1.24");
    manifest["validDomains"] = json!(["https://example.com"]);
    manifest["bots"][0]["scopes"] = json!(["team", "everywhere"]);
    let command = json!({ "title": "y".repeat(33), "description": "" });
    manifest["bots"][0]["commandLists"][0]["commands"] = json!(vec![command; 13]);
    manifest.as_object_mut().unwrap().remove("supportsChannelFeatures");
    let found = flaws(&manifest, &icon(96), b"GIF89a");
    let expected = [
        "/name/short must have 1 to 30 characters, not 31",
        "/description/short must have 1 to 80 characters, not 0",
        "/developer/privacyUrl must begin with https://",
        "/version must be three numbers with dots",
        "/accentColor must be like #0F3D5C",
        "/id must be an id with hyphens",
        "/manifestVersion must be 1.25 or later",
        "/$schema must be that of /manifestVersion",
        "/bots/0/scopes must hold some of personal, team, groupChat",
        "/supportsChannelFeatures must be tier1 for a bot in teams",
        "/bots/0/commandLists/0/commands must hold 1 to 12 commands, not 13",
        "/bots/0/commandLists/0/commands/12/title must have 1 to 32 characters, not 33",
        "/bots/0/commandLists/0/commands/12/description must have 1 to 128 characters, not 0",
        "/validDomains: `https://example.com` is no host name alone",
        "color.png must be 192x192 pixels, not 96x96",
        "outline.png must be a PNG",
    ];
    for flaw in expected {
        assert!(found.iter().any(|found| found == flaw), "`{flaw}` is not among {found:#?}");
    }
    // Thirteen commands have two flaws each, of which two are named above.
    assert_eq!(found.len(), expected.len() + 24, "{found:#?}");
    let refused = package::pack(&manifest).unwrap_err().to_string();
    assert!(refused.lines().count() > 10, "{refused}");
}

#[test]
fn nothing_is_written_when_the_configuration_does_not_suffice() {
    let folder = tempfile::tempdir().unwrap();
    let (file, to) = (folder.path().join("pilothouse.yaml"), folder.path().join("app.zip"));
    let said = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let result = package::run(&file, &to, &mut vec![]).map_err(|error| error.to_string());
        assert_eq!(result.is_ok(), to.exists());
        result
    };
    assert!(said("people: {}\n").unwrap_err().contains("no `teams` section"));
    assert!(said("app: {developer: x}\n").unwrap_err().contains("the key `website` is missing"));
    said(include_str!("../../deploy/pilothouse.example.yaml")).unwrap();
}
