//! How it is told: to people, to programs, by the program itself; and about the database.

use proptest::prelude::*;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::town::{CALENDAR_AT, PROJECT_AT, SECRETS, Town};
use crate::world::Database;

#[tokio::test]
async fn a_program_gets_the_same_as_json() {
    let mut town = Town::well().await;
    town.breaks(PROJECT_AT, ResponseTemplate::new(404)).await;
    town.options.json = true;
    let said = town.doctor().await;
    let told: Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!((&told["bad"], &told["warnings"]), (&json!(1), &json!(0)), "{told:#}");
    let findings = told["findings"].as_array().unwrap();
    let bad: Vec<_> = findings.iter().filter(|one| one["verdict"] == "bad").collect();
    assert_eq!(bad[0]["group"], "Pipelines");
    assert_eq!(bad[0]["subject"], "lab");
    assert!(bad[0]["advice"].as_str().unwrap().contains("Compare `project`"));
    assert!(!said.well);
}

#[tokio::test]
async fn what_servers_say_of_secrets_and_to_terminals_comes_out_plain() {
    let town = Town::well().await;
    let all: Vec<&str> = SECRETS.iter().map(|(_, value)| *value).collect();
    let said = format!("\u{1b}[31m \u{202e}evil\r\nok    lab  fine {}", all.join(" "));
    let answer = ResponseTemplate::new(400).set_body_json(json!({ "message": said }));
    town.breaks(PROJECT_AT, answer).await;
    let said = town.doctor().await;
    let bad = said.lines("bad");
    assert_eq!(bad.len(), 1, "{}", said.text);
    assert!(bad[0].contains("[secret]") && bad[0].contains("ok lab fine"), "{bad:?}");
    assert!(!said.text.contains('\u{1b}') && !said.text.contains('\u{202e}'));
}

#[tokio::test]
async fn without_a_section_teams_nobody_could_talk_to_the_bot() {
    let town = Town::well().await;
    std::fs::write(&town.options.config, "listen: 127.0.0.1:1\n").unwrap();
    let said = town.doctor().await;
    let bad = said.lines("bad");
    assert_eq!(bad.len(), 1, "{}", said.text);
    assert!(bad[0].contains("no `teams` section") && bad[0].contains("Add one, or try"), "{bad:?}");
    assert!(!said.text.contains("Microsoft Teams\n"), "{}", said.text);
}

/// The program itself, as somebody types it.
async fn typed(town: &Town, more: &[&str]) -> (Option<i32>, String) {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_pilothouse"));
    program.arg("doctor").arg("--config").arg(&town.options.config);
    program.arg("--public").arg(town.server.uri()).args(more);
    let output = program.output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_program_ends_with_0_when_nothing_is_bad_and_with_1_otherwise() {
    let town = Town::well().await;
    let (code, text) = typed(&town, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with(" 0 to look after, 0 bad.\n"), "{text}");
    town.breaks(CALENDAR_AT, ResponseTemplate::new(404)).await;
    let (code, text) = typed(&town, &["--json"]).await;
    assert_eq!(code, Some(1), "{text}");
    town.rewrites("pipeline: lab", "pipeline: lap");
    assert_eq!(typed(&town, &[]).await.0, Some(1));
}

#[tokio::test]
async fn the_tables_of_the_database_are_looked_at() {
    for (sql, verdict, words) in [
        ("DELETE FROM _sqlx_migrations WHERE version > 2", "warn", ["older Pilothouse", "backup"]),
        ("DELETE FROM _sqlx_migrations", "warn", ["there and empty", "`pilothouse serve`"]),
        ("UPDATE _sqlx_migrations SET version = 999 WHERE version = 1", "bad", ["newer", "Start"]),
        (
            "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE \
             version = 2) WHERE version = 1",
            "bad",
            ["`foundation`", "backup"],
        ),
    ] {
        let town = Town::well().await;
        town.sql(sql).await;
        super::is_told(&town, verdict, &words).await;
    }
}

#[tokio::test]
async fn on_the_first_day_there_is_no_database_and_everybody_else_is_asked() {
    if Database::server().is_some() {
        return;
    }
    let town = Town::well().await;
    town.rewrites("bot.db", "not-yet.db");
    super::is_told(&town, "warn", &["not-yet.db is not there yet", "`pilothouse serve` makes it"])
        .await;
    assert!(town.files().keys().all(|name| !name.contains("not-yet")));

    let town = Town::well().await;
    std::fs::write(town.database.folder().join("bot.db"), "this is no database at all").unwrap();
    super::is_told(&town, "bad", &["database cannot be read", "Look at `database`"]).await;

    let town = Town::well().await;
    town.rewrites("bot.db", "deploy.sh/bot.db");
    super::is_told(&town, "bad", &["cannot be made", "is no folder"]).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_a_server_answers_is_one_line_about_it(
        status in prop::sample::select(vec![200_u16, 204, 301, 400, 401, 403, 404, 418, 429, 500, 503]),
        body in ".{0,200}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let town = Town::well().await;
            let answer = ResponseTemplate::new(status).set_body_string(body);
            town.breaks(PROJECT_AT, answer).await;
            let said = town.doctor().await;
            let about: Vec<&str> = said.text.lines().filter(|l| l.get(6..9) == Some("lab")).collect();
            assert_eq!(about.len(), 1, "{}", said.text);
            assert!(about[0].starts_with("bad ") || about[0].starts_with("warn"), "{about:?}");
        });
    }
}
