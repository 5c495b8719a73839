//! What a version is, and mistakes in the configuration.

use super::*;

#[rstest]
#[case(json!({ "arguments": ["{verison}"] }), "`{verison}` in `{verison}` means nothing")]
#[case(json!({ "arguments": ["{version"] }), "is not closed")]
#[case(json!({ "arguments": ["a}b"] }), "closes nothing")]
#[case(json!({ "resolve": [] }), "`resolve` is empty")]
#[case(json!({ "resolve": ["x", "{commit}"] }), "means nothing")]
#[case(json!({ "program": "" }), "no name")]
#[case(json!({ "environment": { "PILOTHOUSE_VERSION": "x" } }), "taken")]
#[case(json!({ "environment": { "A=B": "x" } }), "cannot be an environment variable")]
#[case(json!({ "timeout": "0s" }), "`timeout` is zero")]
#[case(json!({ "shell": true }), "unknown field")]
#[test]
fn a_mistake_in_the_configuration_is_told(#[case] more: Value, #[case] says: &str) {
    let error = Machine::new().try_bot("true", &more).err().unwrap().to_string();
    assert!(error.contains(says), "{error}");
}

async fn resolve(machine: &Machine, text: &str) -> Result<String, Unresolved> {
    let words = json!([machine.script("versions.sh", text), "{service}", "{version}"]);
    let bot = machine.bot_with("true", &json!({ "resolve": words }));
    let order = order();
    let wish = Wish {
        service: &order.service,
        environment: &order.environment,
        version: &order.version,
        since: Some("0ld"),
    };
    bot.resolve(&wish).await.map(|resolved| serde_json::to_string(&resolved).unwrap())
}

#[tokio::test]
async fn a_program_can_say_what_a_version_is() {
    let text = r#"[ "$1 $2 $PILOTHOUSE_SINCE" = "checkout v2.1.0 0ld" ] || exit 1
        printf '%s' '{"commit": "abc", "changes": {"url": "javascript:alert(1)", "commits":
            [{"id": "abc", "author": "Alice", "title": "Fix\nit"}]}}'"#;
    assert_eq!(
        resolve(&Machine::new(), text).await.unwrap(),
        r#"{"commit":"abc","artifact":null,"changes":{"total":1,"behind":0,"commits":[{"id":"abc","author":"Alice","title":"Fix it"}],"url":null}}"#
    );
}

#[rstest]
#[case::no_such_version(
    "echo 'no tag v2.1.0, the newest is v2.0.9'; exit 3",
    true,
    "no tag v2.1.0"
)]
#[case::on_the_other_output("echo 'no tag' >&2; exit 3", true, "no tag")]
#[case::broken("echo 'no network' >&2; exit 1", false, "ended with exit code 1: no network")]
#[case::no_json("echo '<html>'", false, "agreed form")]
#[case::an_option_as_commit(r#"echo '{"commit": "--force"}'"#, false, "agreed form")]
#[tokio::test]
async fn a_program_can_say_that_it_does_not_know(
    #[case] text: &str,
    #[case] none: bool,
    #[case] says: &str,
) {
    let error = resolve(&Machine::new(), text).await.unwrap_err();
    assert_eq!(matches!(error, Unresolved::NoSuchVersion(_)), none, "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_never_answers_is_not_waited_for() {
    let error = resolve(&Machine::new(), "sleep 300").await.unwrap_err();
    assert!(error.to_string().contains("did not answer within 10 seconds"), "{error}");
}
