//! What is asked for is what is run, once.

use super::*;

#[tokio::test]
async fn an_order_reaches_the_program_as_arguments_and_as_variables() {
    let machine = Machine::new();
    let arguments =
        json!(["--to={environment}", "{service}@{version}", "{commit}", "{correlation}", "{{x}}"]);
    let bot = machine.bot_with(
        "for a; do echo \"$a\"; done > arguments; env > variables",
        &json!({ "arguments": arguments, "environment": { "REGION": "north {version}" } }),
    );
    let progress = runs(&*bot).await;
    assert_eq!(progress.state, RunState::Succeeded, "{progress:?}");
    assert_eq!(
        machine.text("arguments"),
        "--to=production\ncheckout@v2.1.0\n0a1b2c3d\nph-8f2c91d4-1\n{x}\n"
    );
    let text = machine.text("variables");
    for variable in [
        "PILOTHOUSE_SERVICE=checkout",
        "PILOTHOUSE_ENVIRONMENT=production",
        "PILOTHOUSE_VERSION=v2.1.0",
        "PILOTHOUSE_COMMIT=0a1b2c3d",
        "PILOTHOUSE_CORRELATION=ph-8f2c91d4-1",
        "PILOTHOUSE_PARAM_HELM_CHART=charts/a b",
        "REGION=north {version}",
    ] {
        assert!(text.lines().any(|line| line == variable), "{variable} is not in\n{text}");
    }
}

#[tokio::test]
async fn nothing_else_of_the_bots_environment_reaches_the_program() {
    assert!(variable("CARGO_MANIFEST_DIR").is_some(), "the bot itself has this variable");
    let machine = Machine::new();
    // The program looks into its own environment and into its supervisor's.
    let bot = machine.bot("env > variables; tr '\\0' '\\n' < /proc/$PPID/environ >> variables");
    assert_eq!(runs(&*bot).await.state, RunState::Succeeded);
    let known = ["PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
    let text = machine.text("variables");
    assert!(text.contains("PATH="));
    for name in text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name) {
        assert!(known.contains(&name) || name.starts_with("PILOTHOUSE_"), "{name} got out");
    }
}

#[tokio::test]
async fn strange_arguments_arrive_as_they_are() {
    let strange = [
        "two words",
        "it's \"quoted\"",
        "$(touch pwned)",
        "`touch pwned`",
        "a\nb",
        "-rf",
        "",
        "; touch pwned",
        "*",
        "\\",
        "ü\u{202e}",
        "%s",
    ];
    let machine = Machine::new();
    let bot = machine.bot_with(
        "for a; do printf '%s\\0' \"$a\"; done > arguments",
        &json!({ "arguments": strange }),
    );
    assert_eq!(runs(&*bot).await.state, RunState::Succeeded);
    let text = machine.text("arguments");
    assert_eq!(text.split_terminator('\0').collect::<Vec<_>>(), strange);
    assert!(!machine.has("pwned"));
}

#[tokio::test]
async fn one_order_starts_one_program_however_many_ask() {
    let machine = Machine::new();
    let bot = machine.bot("echo ran >> count; sleep 0.2");
    let order = order();
    let asked = futures_util::future::join_all((0..8).map(|_| bot.start(&order))).await;
    let run = the_run(bot.start(&order).await);
    for started in asked {
        assert_eq!(the_run(started), run);
    }
    assert_eq!(ended(&*bot, &run).await.state, RunState::Succeeded);
    assert_eq!(the_run(bot.start(&order).await), run, "long over, and still the same run");
    assert_eq!(machine.text("count"), "ran\n");
}

#[tokio::test]
async fn each_order_has_a_number_of_its_own_and_restarts_do_not_give_it_again() {
    let machine = Machine::new();
    for number in 1..=3 {
        let mut order = order();
        order.correlation = format!("ph-8f2c91d4-{number}").parse().unwrap();
        let run = the_run(machine.bot("true").start(&order).await);
        assert_eq!(run.label, format!("#{number}"));
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_refused() {
    let machine = Machine::new();
    let missing = machine.path("missing");
    let bot = machine.bot_with("true", &json!({ "program": missing }));
    match bot.start(&order()).await {
        Started::Refused(why) => assert!(why.contains("missing cannot be started"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_supervisor_nothing_is_started_and_it_may_be_later() {
    let machine = Machine::new();
    let program = machine.script("program.sh", "echo ran >> count");
    let settings =
        serde_json::from_value(json!({ "kind": "command", "program": program })).unwrap();
    let ground = machine.ground(&machine.path("no-such-pilothouse"));
    let bot = pilothouse::pipelines::open(&"local".parse().unwrap(), &settings, &ground).unwrap();
    assert!(matches!(bot.start(&order()).await, Started::NotNow(_)));
    assert!(matches!(bot.find(&order()).await.unwrap(), Found::Absent));
    assert_eq!(runs(&*machine.bot("echo ran >> count")).await.state, RunState::Succeeded);
    assert_eq!(machine.text("count"), "ran\n");
}

#[rstest]
#[case("commit", |order: &mut Order| order.commit = None)]
#[case("rename one", |order: &mut Order| {
    order.parameters.insert("helm_chart".to_owned(), "x".to_owned());
})]
#[tokio::test]
async fn an_order_that_cannot_be_followed_is_refused(
    #[case] says: &str,
    #[case] change: fn(&mut Order),
) {
    let machine = Machine::new();
    let bot = machine.bot_with("echo ran >> count", &json!({ "arguments": ["{commit}"] }));
    let mut order = order();
    change(&mut order);
    match bot.start(&order).await {
        Started::Refused(why) => assert!(why.contains(says), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(bot.find(&order).await.unwrap(), Found::Absent));
}
