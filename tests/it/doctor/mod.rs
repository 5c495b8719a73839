//! The doctor: what works is said to work, and each thing that is broken is named, with what to do.

mod canary;
mod told;
mod town;

use std::time::{Duration, SystemTime};

use pilothouse::cli::doctor;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use town::{
    ALERTS_AT, BOT_AT, CALENDAR_AT, DOOR_AT, Entra, HEALTH_AT, KEYS_AT, MEMBERS_AT, PROJECT_AT,
    SECRETS, STATUS_AT, TEAM_AT, TIME_AT, TOKEN_AT, Town, program,
};

/// What Entra says about a credential it does not take.
fn denied(code: u32) -> ResponseTemplate {
    let said = format!("AADSTS{code}: no to {}. Trace ID: 1", SECRETS[0].1);
    let body = json!({ "error": "x", "error_codes": [code], "error_description": said });
    ResponseTemplate::new(401).set_body_json(body)
}

/// An answer whose sender's clock shows another time than ours.
fn at(ahead: i64) -> ResponseTemplate {
    #[expect(clippy::disallowed_methods, reason = "the wall clock is what is compared")]
    let now = SystemTime::now();
    let apart = Duration::from_secs(ahead.unsigned_abs());
    let there = if ahead > 0 { now + apart } else { now - apart };
    let there = httpdate::fmt_http_date(there);
    ResponseTemplate::new(200).append_header("date", there.as_str()).set_body_json(json!({}))
}

#[tokio::test]
async fn where_all_is_well_nothing_is_to_be_done_and_nothing_was_written() {
    let town = Town::well().await;
    let before = town.files();
    let said = town.doctor().await;
    assert_eq!(said.lines("bad"), Vec::<String>::new(), "{}", said.text);
    assert_eq!(said.lines("warn"), Vec::<String>::new(), "{}", said.text);
    assert!(said.well);
    for line in [
        "all 8 references can be read",
        "this machine's clock agrees with Microsoft's",
        "Microsoft Entra gives one for the app",
        "1 announced",
        "arrives at a Pilothouse",
        "`pilothouse package` makes it, version 1.0.0",
        "the app has ChannelSettings.ReadWrite.All",
        "sees the channels of the incidents' team",
        "the bot is in this channel, and sees 1 person",
        "shop/checkout, the token may start pipelines (role Maintainer)",
        "deploy.sh can be run",
        "it takes the signature",
        "200 in ",
        "nothing fires",
        "graphs  it can be reached",
        "level 1: alice now",
        "level 2: bob now",
        "who pages its people can be reached",
        "holds 1 that can be used",
        "one is at work at",
    ] {
        assert!(said.lines("ok").iter().any(|ok| ok.contains(line)), "{line}: {}", said.text);
    }
    let asked = town.server.received_requests().await.unwrap();
    let posted: Vec<_> = asked.iter().filter(|r| r.method.as_str() != "GET").collect();
    let harmless = |at: &str| at == TOKEN_AT.1 || at == DOOR_AT.1;
    assert!(posted.iter().all(|request| harmless(request.url.path())), "{posted:?}");
    assert_eq!(town.files(), before, "the doctor writes nothing");
}

#[tokio::test]
async fn a_bot_may_be_at_work_in_the_same_database() {
    let town = Town::well().await;
    let db = pilothouse::store::Db::open(&town.database.url).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    sqlx::query("DELETE FROM jobs").execute(&mut *tx).await.unwrap();
    let said = town.doctor().await;
    tx.commit().await.unwrap();
    assert!(said.well, "{}", said.text);
    db.close().await;
}

/// The town with one thing broken says just that, and what to do.
async fn is_told(town: &Town, verdict: &str, words: &[&str]) {
    let said = town.doctor().await;
    let mut lines = said.lines("bad");
    lines.extend(said.lines("warn"));
    assert_eq!(lines.len(), 1, "{words:?}: {}", said.text);
    assert!(lines[0].starts_with(verdict), "{lines:?}");
    for word in words {
        assert!(lines[0].contains(word), "{word}: {lines:?}");
    }
    assert_eq!(said.well, verdict == "warn", "{}", said.text);
}

#[tokio::test]
async fn each_thing_that_is_broken_has_its_line_and_its_advice() {
    let refused = |status: u16| {
        let said = format!("no to {}", SECRETS[2].1);
        ResponseTemplate::new(status).set_body_json(json!({ "message": said }))
    };
    let gone = json!({ "error": { "code": "BotNotInConversationRoster", "message": "x" } });
    let gone = ResponseTemplate::new(403).set_body_json(gone);
    for (spot, answer, verdict, words) in [
        (TIME_AT, at(-90), "warn", ["clock is 1 min", "ahead of", "timedatectl"]),
        (TIME_AT, at(600), "bad", ["behind Microsoft's", "tokens are not taken", "timedatectl"]),
        (KEYS_AT, ResponseTemplate::new(404), "bad", ["keys of Teams", "404", "nobody who speaks"]),
        (MEMBERS_AT, gone, "bad", ["deployments", "has not been added", "say hello"]),
        (TEAM_AT, refused(403), "bad", ["incidents' team", "shows the bot no channels", "package"]),
        (DOOR_AT, ResponseTemplate::new(502), "bad", ["finds no bot", "Start the bot", "listens"]),
        (DOOR_AT, ResponseTemplate::new(404), "bad", ["the way in", "somebody else", "Send /api"]),
        (DOOR_AT, ResponseTemplate::new(403), "bad", ["the way in", "wants a sign-in", "through"]),
        (
            BOT_AT,
            ResponseTemplate::new(200),
            "bad",
            ["the bot", "somebody else listens", "`listen`"],
        ),
        (
            PROJECT_AT,
            refused(401),
            "bad",
            ["lab", "does not take the credential", "make a new one"],
        ),
        (STATUS_AT, refused(401), "bad", ["own", "does not take the signature", "same `secret`"]),
        (
            HEALTH_AT,
            ResponseTemplate::new(503),
            "bad",
            ["checkout in production", "503", "Look at"],
        ),
        (ALERTS_AT, refused(403), "bad", ["prometheus", "does not allow this", "permissions"]),
        (
            CALENDAR_AT,
            ResponseTemplate::new(404),
            "bad",
            ["primary", "level 2 cannot be read", "404"],
        ),
    ] {
        let town = Town::well().await;
        town.breaks(spot, answer).await;
        is_told(&town, verdict, &words).await;
    }
}

#[tokio::test]
async fn a_credential_of_the_bots_that_is_not_taken_is_explained() {
    for (code, words) in [
        (7_000_215, ["is not the right one", "Copy the secret's value"]),
        (7_000_222, ["has expired", "Make a new one"]),
        (700_016, ["not known in this tenant", "`teams.app_id`"]),
        (90_002, ["no such tenant", "`teams.tenant`"]),
        (4_711, ["no to [secret]", "teams.credential"]),
    ] {
        let town = Town::well().await;
        town.breaks(TOKEN_AT, denied(code)).await;
        let code = format!("AADSTS{code}");
        is_told(&town, "bad", &["the bot's token", words[0], words[1], &code]).await;
        let said = town.doctor().await;
        let unasked = said.lines("note").iter().filter(|l| l.contains("has no token")).count();
        assert_eq!(unasked, 3, "what needs the token is not asked: {}", said.text);
        assert!(town.asked(MEMBERS_AT).await.is_empty());
    }
}

#[tokio::test]
async fn what_the_machine_lacks_is_told() {
    let town = Town::well().await;
    town.breaks(TOKEN_AT, Entra(&["Chat.Create"])).await;
    is_told(&town, "bad", &["lacks ChannelSettings.ReadWrite.All", "archive", "admin consent"])
        .await;

    let town = Town::well().await;
    town.rewrites("people: [alice, bob]\n", "groups: [57fb72d0-d811-46f4-8947-305e6072eaa5]\n");
    town.breaks(TOKEN_AT, Entra(&["ChannelSettings.ReadWrite.All", "User.Read.All"])).await;
    is_told(&town, "bad", &["lacks GroupMember.Read.All", "groups of `roles`", "admin consent"])
        .await;

    let town = Town::well().await;
    program(&town.database.folder().join("deploy.sh"), 0o644);
    is_told(&town, "bad", &["local", "may not be run", "chmod +x"]).await;

    let town = Town::well().await;
    std::fs::remove_file(town.database.folder().join("deploy.sh")).unwrap();
    is_told(&town, "bad", &["local", "is not there", "Correct `program`"]).await;

    let town = Town::well().await;
    std::fs::write(town.database.folder().join("books/odd.md"), [0xff, 0xfe]).unwrap();
    is_told(&town, "warn", &["odd.md", "not UTF-8", "Correct the file"]).await;

    let town = Town::well().await;
    std::fs::remove_dir_all(town.database.folder().join("books")).unwrap();
    is_told(&town, "bad", &["books", "cannot be read", "`runbooks.folder`"]).await;

    let town = Town::well().await;
    town.rewrites("audit: { key", "audit: { checkpoints: /dev/null/x.jsonl, key");
    is_told(&town, "bad", &["checkpoints cannot be added", "is no folder", "`audit.checkpoints`"])
        .await;
}

#[tokio::test]
async fn a_server_that_hangs_costs_its_own_deadline_only() {
    let mut town = Town::well().await;
    town.options.patience = "3s".parse().unwrap();
    let hung = || ResponseTemplate::new(200).set_delay(Duration::from_hours(1));
    for spot in [PROJECT_AT, STATUS_AT, ALERTS_AT, CALENDAR_AT, DOOR_AT] {
        town.breaks(spot, hung()).await;
    }
    let said = town.doctor().await;
    let late = said.lines("bad");
    assert_eq!(late.len(), 5, "{}", said.text);
    assert!(late.iter().all(|line| line.contains("no answer within 3 s")), "{late:?}");
    assert!(said.lines("ok").iter().any(|line| line.contains("checkout in production")));
}

#[tokio::test]
async fn mistakes_of_the_configuration_come_first_and_alone() {
    let town = Town::well().await;
    town.rewrites("pipeline: lab", "pipeline: lap");
    let said = town.doctor().await;
    assert!(!said.well);
    assert!(
        said.lines("bad")[0].contains("no pipeline `lap`, did you mean `lab`?"),
        "{}",
        said.text
    );
    assert!(!said.text.contains("Pipelines"), "{}", said.text);
    assert!(town.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_stops_only_who_needs_it() {
    let town = Town::well().await;
    std::fs::remove_file(town.database.folder().join("gitlab")).unwrap();
    is_told(&town, "bad", &["pipelines.lab.token", "cannot be read", "readable"]).await;
    let said = town.doctor().await;
    let unasked = said.lines("note");
    assert!(unasked.iter().any(|line| line.contains("lab") && line.contains("secret")));
    assert!(town.asked(PROJECT_AT).await.is_empty());
}

#[tokio::test]
async fn the_example_is_understood_whatever_its_servers_say() {
    let config = std::path::Path::new("deploy/pilothouse.example.yaml").to_owned();
    let town = Town::well().await;
    let options = doctor::Options {
        config,
        canary: false,
        json: true,
        patience: "2s".parse().unwrap(),
        public: None,
    };
    let said = town.doctor_with(&options).await;
    let told: Value = serde_json::from_str(&said.text).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let groups = ["Configuration", "This machine", "Microsoft Teams", "Rooms", "Pipelines"];
    for group in groups.into_iter().chain(["Health", "Alerts", "On call", "Runbooks"]) {
        assert!(findings.iter().any(|one| one["group"] == group), "{group}: {}", said.text);
    }
    assert_eq!(findings[0]["verdict"], "ok", "{findings:?}");
}
