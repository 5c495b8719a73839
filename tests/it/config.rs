//! The configuration file: what is wrong with it, where, and in which words.

use std::path::Path;

use pilothouse::{
    cli::check,
    config::{self, Checked, Secrets},
};
use proptest::prelude::*;
use serde_json::Value;

/// Files with the mistakes they hold: the file, a line `-----`, one line for each mistake.
const BROKEN: &str = include_str!("../fixtures/broken-configs.txt");

/// Something that must be in no message, in every broken file that holds a secret.
const SECRET: &str = "hunter2-hunter2";

fn example() -> &'static str {
    include_str!("../../deploy/pilothouse.example.yaml")
}

fn read(text: &str) -> Checked {
    config::check_text("pilothouse.yaml", text, Secrets::Leave)
}

#[test]
fn every_broken_file_gets_each_of_its_mistakes_with_line_and_key() {
    let blocks: Vec<&str> = BROKEN.split("\n=====\n").collect();
    assert!(blocks.len() >= 90, "only {} broken files", blocks.len());
    for block in blocks {
        let (text, expected) = block.split_once("\n-----\n").unwrap();
        let checked = read(text);
        assert_eq!(checked.mistakes.to_string(), expected.trim_end(), "in\n{text}");
        assert!(checked.config.is_none(), "in\n{text}");
        let said = format!("{}{}", checked.mistakes, checked.warnings);
        assert!(!said.contains(SECRET), "a secret is repeated for\n{text}");
    }
}

#[test]
fn the_example_holds_every_key_and_no_mistake() {
    let checked = read(example());
    assert_eq!(checked.mistakes.to_string(), "");
    assert_eq!(checked.warnings.to_string(), "");
    let config = checked.config.unwrap();
    config.servable().unwrap();
    let schema = config::schema();
    let known = schema["properties"].as_object().unwrap();
    assert!(known.len() >= 9, "the schema lost its keys");
    let missing = |key: &&String| !example().contains(&format!("{key}:"));
    let missing: Vec<_> = known.keys().filter(missing).collect();
    assert!(missing.is_empty(), "the example says nothing about {missing:?}");
}

#[test]
fn what_the_example_only_mentions_is_right_as_well() {
    let meant = |line: &str| match line.strip_prefix("  # ") {
        // Sentences begin with a capital, keys do not.
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_uppercase()) => format!("  {rest}"),
        _ => line.to_owned(),
    };
    let (before, pipelines) = example().split_once("\npipelines:\n").unwrap();
    let (pipelines, after) = pipelines.split_once("\n\n").unwrap();
    let pipelines: Vec<String> = pipelines.lines().map(meant).collect();
    let checked = read(&format!("{before}\npipelines:\n{}\n\n{after}", pipelines.join("\n")));
    assert_eq!(checked.mistakes.to_string(), "");
    assert_eq!(checked.warnings.to_string().matches("no service uses this pipeline").count(), 5);
    assert_eq!(checked.config.unwrap().pipelines.len(), 7);
}

#[test]
fn what_the_example_only_mentions_of_schedules_is_right_as_well() {
    let meant = |line: &str| match line.strip_prefix("      # ") {
        Some(rest) if rest.starts_with("- ") || rest.starts_with("  ") => format!("      {rest}"),
        _ => line.to_owned(),
    };
    let text: Vec<String> = example().lines().map(meant).collect();
    let checked = read(&text.join("\n"));
    assert_eq!(checked.mistakes.to_string(), "");
    assert_eq!(checked.warnings.to_string(), "");
    let schedules = checked.config.unwrap().oncall;
    assert_eq!(schedules.values().next().unwrap().levels.len(), 6);
}

#[test]
fn a_schedule_for_which_nobody_may_page_is_a_warning() {
    let file = |may: &str| {
        format!(
            "people: {{alice: {{console: alice}}}}\n\
             roles: {{all: {{people: [alice], may: [{{do: [look, deploy{may}]}}]}}}}\n\
             pipelines: {{p: {{kind: command, program: x}}}}\n\
             services: {{s: &s {{pipeline: p, environments: {{e: {{approvals: 0}}}}}}, t: *s}}\n\
             oncall:\n  mine: {{services: [s], time_zone: UTC, levels: [{{kind: rota, people: [alice], start: 2026-01-05}}]}}\n  \
             ours: {{time_zone: UTC, levels: [{{kind: rota, people: [alice], start: 2026-01-05}}]}}\n"
        )
    };
    let warned = |may: &str| read(&file(may)).warnings.to_string();
    let nobody = "nobody may page its people: give a role `do: [page]` for its services";
    let (mine, ours) = ("pilothouse.yaml:6:3: oncall.mine", "pilothouse.yaml:7:3: oncall.ours");
    assert_eq!(warned(""), format!("{mine}: {nobody}\n{ours}: {nobody}"));
    assert_eq!(warned(", page"), "");
    assert_eq!(warned("]}, {services: [t], do: [page"), format!("{mine}: {nobody}"));
}

#[test]
fn the_schema_is_valid_and_agrees_with_our_own_reading() {
    let schema = config::schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
    let example_errors: Vec<_> =
        validator.iter_errors(&json(example())).map(|error| error.to_string()).collect();
    assert!(example_errors.is_empty(), "{example_errors:?}");
    // What a general validator refuses, we refuse as well.
    let mut refused = 0;
    for block in BROKEN.split("\n=====\n") {
        let (text, _) = block.split_once("\n-----\n").unwrap();
        if let Ok(json) = serde_saphyr::from_str::<Value>(text)
            && !validator.is_valid(&json)
        {
            refused += 1;
            assert!(read(text).config.is_none(), "only the schema refuses\n{text}");
        }
    }
    assert!(refused > 30, "only {refused} files are refused by the schema");
}

#[test]
fn every_type_that_is_a_text_of_its_own_is_checked_by_line() {
    // A type that is missing in the table of leaves would be judged last, alone and by its own
    // words: each is given nonsense here and has to be named with its key.
    let schema = config::schema();
    let texts = schema["$defs"].as_object().unwrap().iter();
    let texts = texts.filter(|(_, def)| def["type"] == "string" && def.get("enum").is_none());
    let names: Vec<&str> = texts.map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Address",
            "CalendarUrl",
            "Database",
            "EmailAddress",
            "Environment",
            "HeaderName",
            "InputName",
            "Listen",
            "Moment",
            "OutsideId",
            "PagerDutyId",
            "PersonName",
            "PipelineName",
            "Place",
            "Pointer",
            "Repository",
            "RoomName",
            "Secret",
            "Service",
            "Span",
            "TimeOfDay",
            "Version",
            "ZoneName"
        ],
        "teach src/config/leaves.rs the new type, then this list"
    );
}

#[test]
fn who_is_in_a_group_is_not_counted() {
    let file = |groups: &str| {
        format!(
            "teams: {{app_id: 3f1c2b7a-9d44-4c1e-8a52-6f0e7d9b1a23, tenant: \
             7b0e4c9d-1a6f-4e38-b2d5-90c8f3a7e614, credential: {{kind: managed_identity}}}}\n\
             roles:\n  makers: {{groups: [7fd1a60b-01f9-4b31-8f59-955a4e4d4e80], may: [{{do: \
             [look, deploy]}}]}}\n  keepers: {{{groups}may: [{{do: [approve]}}]}}\npipelines: \
             {{local: {{kind: command, program: /bin/true}}}}\nservices: {{checkout: {{pipeline: \
             local, environments: {{production: {{approvals: 2}}}}}}}}\n"
        )
    };
    let checked = read(&file("groups: [7FD1A60B-01F9-4B31-8F59-955A4E4D4E81], "));
    assert_eq!(checked.mistakes.to_string(), "");
    assert_eq!(checked.warnings.to_string(), "");
    let nobody = read(&file(""));
    assert!(nobody.mistakes.to_string().contains("but only 0 could give one: nobody"));
    assert!(nobody.warnings.to_string().contains("nobody has this role"));
}

#[test]
fn secrets_are_looked_at_when_asked_and_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let (good, short) = (folder.path().join("good"), folder.path().join("short"));
    std::fs::write(&good, format!("{SECRET}\n")).unwrap();
    std::fs::write(&short, "pssst").unwrap();
    let token = format!("file:{}", good.display());
    let key = folder.path().join("key");
    std::fs::write(&key, "k".repeat(64)).unwrap();
    let key = format!("file:{}", key.display());
    let mut rest = example().replace("env:PILOTHOUSE_AUDIT_KEY", &key);
    // Every other one, the longer name first: one may begin with another.
    let letters = |after: &str| {
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
    };
    let names: std::collections::BTreeSet<_> = rest.split("env:").skip(1).map(letters).collect();
    for name in names.iter().rev().filter(|name| !["", "TEAMS_CLIENT_SECRET"].contains(&&***name)) {
        rest = rest.replace(&format!("env:{name}"), &token);
    }
    let with = |secret: &str| rest.replace("env:TEAMS_CLIENT_SECRET", secret);
    let check =
        |text: &str, secrets| config::check_text("p.yaml", text, secrets).mistakes.to_string();
    let missing = with("env:PILOTHOUSE_TEST_NOBODY_SETS_THIS");
    assert_eq!(check(&missing, Secrets::Leave), "");
    let said = check(&missing, Secrets::Read);
    assert!(
        said.ends_with(
            "teams.credential.secret: the environment variable \
             `PILOTHOUSE_TEST_NOBODY_SETS_THIS` is not set"
        ),
        "{said}"
    );
    let line = 1 + missing.lines().position(|line| line.contains("NOBODY_SETS_THIS")).unwrap();
    assert!(said.starts_with(&format!("p.yaml:{line}:13: ")), "{said}");
    let said = check(&with(&format!("file:{}", short.display())), Secrets::Read);
    assert!(said.contains("is shorter than") && !said.contains("pssst"), "{said}");
    assert_eq!(check(&with(&format!("file:{}", good.display())), Secrets::Read), "");
}

#[test]
fn a_database_that_is_a_secret_gives_its_address_and_keeps_its_password_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://me:quiet-pass-word@db/x\n").unwrap();
    let text = format!("database: file:{}\n", file.display());
    let config = config::check_text("p.yaml", &text, Secrets::Read).config.unwrap();
    assert_eq!(config.database.url().unwrap(), "postgres://me:quiet-pass-word@db/x");
    assert_eq!(pilothouse::secrets::redact("it is quiet-pass-word"), "it is [secret]");
    let plain = read("database: postgres://me@db/x\n").config.unwrap();
    assert_eq!(plain.database.url().unwrap(), "postgres://me@db/x");
    assert_eq!(read("people: {}\n").config.unwrap().folder(), Path::new("pilothouse.d"));
}

#[test]
fn what_can_hardly_be_meant_is_a_warning_and_no_mistake() {
    let checked = read(
        "people: {alice: {console: alice}}\nroles: {idle: {people: [], may: []}}\n\
         pipelines: {a: {kind: command, program: x}, b: {kind: command, program: x}}\n\
         services: {s: {pipeline: a, environments: {e: {approvals: 0, verify: {every: 5s}}}}}\n",
    );
    assert!(checked.config.is_some(), "{}", checked.mistakes);
    assert_eq!(
        checked.warnings.to_string(),
        "pilothouse.yaml:1:10: people.alice: has no role, so they may do nothing\n\
         pilothouse.yaml:2:16: roles.idle.people: nobody has this role\n\
         pilothouse.yaml:2:28: roles.idle.may: this role allows nothing\n\
         pilothouse.yaml:3:45: pipelines.b: no service uses this pipeline\n\
         pilothouse.yaml:4:44: services.s.environments.e: nobody may deploy here: give a role \
         `do: [deploy]` for it\n\
         pilothouse.yaml:4:62: services.s.environments.e.verify: has no effect without `health`: \
         there is nothing to ask"
    );
}

#[test]
fn check_says_that_all_is_well_or_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pilothouse.yaml");
    let said = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut out = vec![];
        let good = check::run(&file, Secrets::Leave, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        (good, out.replace(&format!("{}/", folder.path().display()), ""))
    };
    let sentence = "pilothouse.yaml is fine: 2 services, 2 environments, 4 people.\n".to_owned();
    assert_eq!(said(example()), (true, sentence));
    let (good, out) = said("people: {alice: {consle: a}}\nlisten: nowhere\n");
    assert!(!good);
    assert_eq!(
        out,
        "pilothouse.yaml:1:18: people.alice.consle: unknown key `consle`, did you mean \
         `console`?\npilothouse.yaml:2:9: listen: an address and a port are meant, such as \
         `127.0.0.1:3978` or `0.0.0.0:3978`\npilothouse.yaml:1:1: services: there is no \
         service, so there is nothing to deploy (a warning)\n2 mistakes.\n"
    );
    let (good, out) = said("people: {}\n");
    assert!(good && out.contains("has no `teams` section"), "{out}");
    let mut schema = vec![];
    check::schema(&mut schema).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&schema).unwrap(), config::schema());
    let gone = config::load(&folder.path().join("gone.yaml")).unwrap_err().to_string();
    assert!(gone.contains("gone.yaml:1:1: the file cannot be read: "), "{gone}");
    std::fs::write(&file, b"people: \xff\n").unwrap();
    let said = config::load(&file).unwrap_err().to_string();
    assert!(said.ends_with("the file is not UTF-8 text"), "{said}");
}

#[test]
fn anchors_and_merges_are_understood() {
    let text = "people: {alice: {console: a}, bob: {console: b}}\n\
                roles: {all: {people: [alice, bob], may: [{do: [deploy, approve]}]}}\n\
                pipelines: {p: {kind: command, program: x}}\n\
                services:\n  s:\n    pipeline: p\n    environments:\n      one: &one {approvals: 1}\n      \
                two: {<<: *one, room: r}\n";
    let config = read(text).config.unwrap();
    let two = &config.services.values().next().unwrap().environments;
    assert_eq!(two.values().map(|e| e.approvals).collect::<Vec<_>>(), [1, 1]);
}

/// The example with one stretch of it replaced.
fn torn() -> impl Strategy<Value = String> {
    let length = example().chars().count();
    (0..length, 0..60_usize, "[ -~\\n\\t{}:*&\u{e9}\u{202e}]{0,12}").prop_map(|(at, cut, put)| {
        let letters: Vec<char> = example().chars().collect();
        let end = (at + cut).min(letters.len());
        letters[..at]
            .iter()
            .copied()
            .chain(put.chars())
            .chain(letters[end..].iter().copied())
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic_and_no_mistake_is_without_place(
        text in prop_oneof![torn(), "\\PC{0,200}", "[a-z:{}\\[\\],*&!|>?'\"#\\n\\t -]{0,120}"]
    ) {
        let checked = read(&text);
        prop_assert_eq!(checked.config.is_some(), checked.mistakes.is_empty());
        for mistake in &checked.mistakes.0 {
            let lines = text.lines().count().max(1);
            prop_assert!(mistake.place.line >= 1 && mistake.place.column >= 1);
            prop_assert!(usize::try_from(mistake.place.line).unwrap() <= lines, "{}", mistake);
            let said = mistake.to_string();
            prop_assert!(!said.contains(char::is_control), "{:?}", said);
        }
    }

    #[test]
    fn a_secret_is_in_no_message_wherever_it_is_written(secret in "[A-Z0-9]{20,30}", at in 0..4_usize) {
        let text = match at {
            0 => example().replace("env:TEAMS_CLIENT_SECRET", &secret),
            1 => example().replace("sqlite://pilothouse.db", &format!("postgres://me:{secret}@db/x")),
            2 => example().replace("https://checkout", &format!("https//me:{secret}@checkout")),
            _ => example().replace("kind: secret #", &format!("kind: secret\n    password: {secret} #")),
        };
        let said = read(&text).mistakes.to_string();
        prop_assert!(!said.is_empty());
        prop_assert!(!said.contains(&secret), "{}", said);
    }
}
