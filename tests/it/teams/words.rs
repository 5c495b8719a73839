//! What people type and press, as Teams sends it, and what the bot hears.

use std::sync::Arc;

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Map, Value, json};

use super::{APP, Wire};

/// The mention of somebody.
fn mention(id: &str, text: &str) -> Value {
    let name = text.replace("<at>", "").replace("</at>", "");
    json!({ "type": "mention", "mentioned": { "id": id, "name": name }, "text": text })
}

#[tokio::test]
async fn only_the_mention_of_the_bot_is_taken_out() {
    let wire = Wire::start().await;
    let bot = format!("28:{APP}");
    let (us, bob) = (mention(&bot, "<at>Pilothouse</at>"), mention("29:bob", "<at>Bob</at>"));
    let renamed = mention(&bot, "<at>Captain &amp; Co</at>");
    let namesake = mention("29:other", "<at>Pilothouse Fan</at>");
    let cases = [
        ("<at>Pilothouse</at> /help", vec![&us], "/help"),
        ("<at>Pilothouse</at>/help", vec![&us], "/help"),
        ("<at>Pilothouse</at>&nbsp;/help&nbsp;", vec![&us], "/help"),
        ("<at>Pilothouse</at>\u{a0}/help\r\n", vec![&us], "/help"),
        ("  <at>Pilothouse</at>\n/help  deploy\n", vec![&us], "/help  deploy"),
        ("/deploy <at>Pilothouse</at> staging v1", vec![&us], "/deploy   staging v1"),
        ("/help <at>Pilothouse</at>", vec![&us], "/help"),
        ("<at>Pilothouse</at> <at>Pilothouse</at> /help", vec![&us, &us], "/help"),
        ("<at>Captain &amp; Co</at> /help", vec![&renamed], "/help"),
        ("<at>Pilothouse</at> ask <at>Bob</at>", vec![&us, &bob], "ask Bob"),
        ("<at>Bob</at> <at>Pilothouse</at> hi", vec![&bob, &us], "Bob   hi"),
        ("<at>Pilothouse Fan</at> hi", vec![&namesake], "Pilothouse Fan hi"),
        ("<at>Pilothouse</at> ask <at>Bob</at>", vec![&bob, &us], "ask Bob"),
        ("<at>Pilothouse</at> <at>Pilothouse</at> /help", vec![&us], "/help"),
        ("<at>Pilothouse</at> hi", vec![], "<at>Pilothouse</at> hi"),
        ("&lt;at&gt;Pilothouse&lt;/at&gt; hi", vec![&us], "<at>Pilothouse</at> hi"),
        ("<at>Pilothouse</at>", vec![&us], ""),
    ];
    for (n, (typed, mentions, heard)) in cases.iter().enumerate() {
        let mut message = wire.message(&n.to_string(), typed);
        message["entities"] = json!(mentions);
        assert_eq!(wire.delivers(&message).await.0, 200);
        assert_eq!(wire.words().await.pop().as_deref(), Some(*heard), "{typed}");
    }
}

#[tokio::test]
async fn whoever_else_is_mentioned_is_told_by_their_id() {
    let wire = Wire::start().await;
    let (us, bob) = (mention(&format!("28:{APP}"), "<at>Pilothouse</at>"), "<at>Bob \"x\" B</at>");
    let mut message = wire.message("1", &format!("<at>Pilothouse</at> ask {bob}"));
    message["entities"] = json!([us, mention("29:bob", bob), mention("", "<at>Nobody</at>")]);
    assert_eq!(wire.delivers(&message).await.0, 200);
    let heard = wire.hears().await.pop().unwrap();
    assert_eq!((heard.text.as_str(), heard.mentions.len()), ("ask Bob x B", 1));
    assert_eq!(heard.mentions[0].said, "Bob x B", "as it stands in the text");
    assert_eq!(heard.mentions[0].id, "29:bob");
}

#[tokio::test]
async fn a_namesake_of_the_bot_stays() {
    let wire = Wire::start().await;
    let (us, them) = (format!("28:{APP}"), "29:other".to_owned());
    for (n, (ids, heard)) in
        [([&us, &them], "ask Pilothouse"), ([&them, &us], "Pilothouse ask")].iter().enumerate()
    {
        let text = "<at>Pilothouse</at> ask <at>Pilothouse</at>";
        let mut message = wire.message(&n.to_string(), text);
        message["entities"] = json!(ids.map(|id| mention(id, "<at>Pilothouse</at>")));
        assert_eq!(wire.delivers(&message).await.0, 200);
        assert_eq!(wire.words().await.pop().as_deref(), Some(*heard));
    }
}

#[tokio::test]
async fn what_is_typed_arrives_as_typed_into_a_terminal() {
    let wire = Wire::start().await;
    for (n, (typed, heard)) in [
        (
            "/deploy staging v1 \u{2014}reason \u{201c}hot fix\u{201d}",
            r#"/deploy staging v1 --reason "hot fix""#,
        ),
        ("/deploy a \u{201e}b\u{201c}", r#"/deploy a "b""#),
        ("it\u{2019}s \u{2018}fine\u{2019}", "it's 'fine'"),
        ("a &lt;b&gt; &quot;c&quot; &#39;d&#39; &amp; e", r#"a <b> "c" 'd' & e"#),
        ("&amp;lt;b&amp;gt; &amp;amp;", "&lt;b&gt; &amp;"),
        ("&amp;nbsp;", "&nbsp;"),
        ("one\ntwo\r\nthree\tfour", "one two  three four"),
        ("/deploy \u{202e}noitcudorp\u{202c} v1", "/deploy noitcudorp v1"),
        ("a\u{0}b\u{1b}[31mc\u{200b}d\u{feff}", "ab[31mcd"),
        ("🚀 größer", "🚀 größer"),
        ("   ", ""),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(wire.delivers(&wire.message(&n.to_string(), typed)).await.0, 200);
        assert_eq!(wire.words().await.pop().as_deref(), Some(heard), "{typed:?}");
    }
}

/// What somebody might type into a field to say more than one word.
const HOSTILE: &[&str] = &[
    r#"v1" --service other --reason "x"#,
    r"v1\",
    r#"v1\" --plan abcd"#,
    r#"\\""#,
    "{environment}",
    "{version} {version}",
    "a b\nc\td",
    "\u{201c}v1\u{201d} --reason \u{201e}x",
    "&quot; --reason &quot;",
    "&amp;quot;",
    "'v1' `v2` $(v3)",
    "\u{202e}1v\u{0}",
];

#[tokio::test]
async fn a_button_of_old_clients_says_its_command_and_an_input_stays_one_word() {
    let wire = Wire::start().await;
    for (n, hostile) in HOSTILE.iter().enumerate() {
        let mut message = wire.message(&n.to_string(), "ignored");
        message["value"] = json!({
            "say": "/deploy {environment} {version} --reason {reason} --service {service}",
            "environment": "staging", "version": hostile, "reason": "", "other": hostile,
            "service": { "not": "a text" }, "msteams": { "type": "task/fetch" },
        });
        assert_eq!(wire.delivers(&message).await.0, 200);
        let said = wire.words().await.pop().unwrap();
        let rest = said.strip_prefix("/deploy \"staging\" ").unwrap_or_else(|| panic!("{said}"));
        assert!(is_one_word(rest), "{hostile:?} became {rest}");
    }
}

/// Whether a quote opens at the beginning and closes at the end, and nowhere between.
fn is_one_word(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return false;
    };
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return false,
            '\\' if !matches!(letters.next(), Some('"' | '\\')) => return false,
            _ => {}
        }
    }
    true
}

#[tokio::test]
async fn a_value_that_is_no_button_of_ours_leaves_the_text_alone() {
    let wire = Wire::start().await;
    for (n, value) in [
        Value::Null,
        json!("say"),
        json!([1]),
        json!({}),
        json!({ "say": null }),
        json!({ "say": 7 }),
        json!({ "say": { "say": "/deploy" } }),
        json!({ "Say": "/deploy" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = wire.message(&n.to_string(), "/help");
        message["value"] = value.clone();
        assert_eq!(wire.delivers(&message).await.0, 200);
        assert_eq!(wire.words().await.pop().as_deref(), Some("/help"), "{value}");
    }
}

/// Any JSON, small.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop_oneof![prop::sample::select(WORDS).prop_map(str::to_owned), ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Words that mean something to the bot.
const WORDS: &[&str] = &[
    "",
    "id",
    "type",
    "text",
    "name",
    "say",
    "look",
    "verb",
    "data",
    "action",
    "subject",
    "message",
    "invoke",
    "installationUpdate",
    "conversationUpdate",
    "mention",
    "mentioned",
    "value",
    "add",
    "remove",
    "adaptiveCard/action",
    "Action.Execute",
    "deployment/1",
    "tenant",
    "team",
    "channel",
    "personal",
    "/deploy {a} {b}",
    "<at>Pilothouse</at>",
    "&nbsp;&amp;",
    "19:x;messageid=1",
    ";messageid=",
    "..",
    "29:alice",
    "aadObjectId",
    "\u{202e}",
    "\u{0}",
    "🚀",
];

/// Fields whose content is anything.
const FIELDS: &[&str] = &[
    "type",
    "id",
    "from",
    "recipient",
    "text",
    "name",
    "action",
    "value",
    "entities",
    "membersAdded",
    "membersRemoved",
    "replyToId",
    "conversation",
    "channelData",
];

async fn holds(wire: &Wire, activity: &Value) -> TestCaseResult {
    let (status, _) = wire.delivers(activity).await;
    prop_assert!([200, 400, 401, 501].contains(&status), "{} for {}", status, activity);
    Ok(())
}

/// Has a property tried on one bot.
fn tries<S: Strategy<Value = Value>>(cases: u32, strategy: S, of: fn(&Wire, Value) -> Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wire = Arc::new(runtime.block_on(Wire::start()));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let tried = runner.run(&strategy, |value| {
        let activity = of(&wire, value);
        runtime.block_on(holds(&wire, &activity))
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn no_json_breaks_the_door() {
    tries(300, anything(), |_, value| value);
}

#[test]
fn no_field_breaks_the_door() {
    let fields = prop::collection::vec((prop::sample::select(FIELDS), anything()), 1..4);
    let kinds =
        prop::sample::select(vec!["message", "invoke", "installationUpdate", "conversationUpdate"]);
    let strategy = (kinds, any::<u32>(), fields).prop_map(|(kind, id, fields)| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        let fields: Map<String, Value> = fields.collect();
        json!({ "kind": kind, "id": id.to_string(), "fields": fields })
    });
    tries(500, strategy, |wire, value| {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let mut fields = value["fields"].clone();
        // Often enough the invoke is one that is understood so far.
        if text("kind") == "invoke" && fields.get("name").is_none() {
            fields["name"] = json!("adaptiveCard/action");
            let data = fields["value"].take();
            fields["value"] =
                json!({ "action": { "type": "Action.Execute", "verb": "say", "data": data } });
        }
        wire.activity(&text("kind"), &text("id"), &fields)
    });
}

#[tokio::test]
async fn a_nul_is_left_out_of_whatever_holds_it() {
    let wire = Wire::start().await;
    for fields in [
        json!({ "conversation": { "id": "19:a\0bc@thread.tacv2", "conversationType": "channel" } }),
        json!({ "from": { "id": "29:a\0", "aadObjectId": "a11ce000-0000-4000-8000-000000000001",
                          "name": "Ali\0ce" } }),
        json!({ "text": "sta\0tus \\u0000" }),
    ] {
        let (status, _) = wire.delivers(&wire.activity("message", "7", &fields)).await;
        assert_eq!(status, 200, "{fields}");
    }
    let nothing = json!({ "conversation": { "id": "\0" } });
    let (status, _) = wire.delivers(&wire.activity("message", "8", &nothing)).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_time_zone_of_whoever_speaks_is_heard_when_it_is_one() {
    let wire = Wire::start().await;
    let long = "x".repeat(100);
    for (n, (told, heard)) in [
        (json!("America/New_York"), Some("America/New_York")),
        (json!("Etc/GMT+5"), Some("Etc/GMT+5")),
        (json!(null), None),
        (json!(""), None),
        (json!("a b\u{202e}"), None),
        (json!(long), None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = wire.message(&n.to_string(), "/oncall");
        message["localTimezone"] = told;
        assert_eq!(wire.delivers(&message).await.0, 200);
        assert_eq!(wire.hears().await.pop().unwrap().zone.as_deref(), heard);
    }
}
