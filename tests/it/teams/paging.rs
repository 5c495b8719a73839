//! A page over the wire: the bot writes to somebody it has never spoken to.

use serde_json::{Value, json};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path},
};

use super::{
    ALICE, TENANT, activity,
    microsoft::Sent,
    whole::{BOB, Whole, reads},
};

const CREATE: &str = "/emea/v3/conversations";
const ALONE: &str = "/emea/v3/conversations/a%3Apersonal/activities";

async fn creating(bot: &Whole, answer: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path(CREATE))
        .respond_with(answer)
        .with_priority(1)
        .mount(&bot.microsoft.connector)
        .await;
}

fn to<'a>(sent: &'a [Sent], path: &str) -> Vec<&'a Sent> {
    sent.iter().filter(|sent| sent.path.starts_with(path)).collect()
}

#[tokio::test]
async fn a_page_begins_a_conversation_with_whoever_is_on_call_and_both_cards_change() {
    let bot = Whole::start().await;
    creating(&bot, ResponseTemplate::new(201).set_body_json(json!({ "id": "a:personal" }))).await;
    bot.types(("bob", BOB), "1700", "/page primary checkout is slow").await;
    let sent = bot.microsoft.sent().await;
    let created = to(&sent, CREATE).into_iter().find(|sent| sent.path == CREATE).unwrap();
    assert_eq!(created.body["members"], json!([{ "id": ALICE }]), "by their id in Entra");
    assert_eq!(created.body["tenantId"], TENANT);
    let call = to(&sent, ALONE);
    assert_eq!(call.len(), 1, "one message");
    let card = &call[0].body["attachments"][0]["content"];
    assert!(reads(card).contains("You are called. Say that you are on it."), "{card:#}");
    let shown = bot.newest_card().await;
    assert!(reads(&shown).contains("alice: delivered"), "{shown:#}");

    let button: Value = card["actions"][0].clone();
    let mut press = activity(&bot.service_url(), "invoke", "f:1");
    press["name"] = json!("adaptiveCard/action");
    press["value"] = json!({ "trigger": "manual", "action": {
        "type": button["type"], "verb": button["verb"], "data": button["data"],
    } });
    press["conversation"] =
        json!({ "id": "a:personal", "conversationType": "personal", "tenantId": TENANT });
    press["replyToId"] = json!("1:1");
    let (status, told) = bot.delivers(press, ("alice", ALICE)).await;
    assert_eq!((status, &told["statusCode"]), (200, &json!(200)), "{told}");
    let sent = bot.microsoft.sent().await;
    let call = to(&sent, ALONE);
    assert_eq!((call.len(), call[1].method.as_str()), (2, "PUT"), "edited in place");
    for place in [ALONE, "/emea/v3/conversations/19"] {
        let last = to(&sent, place).pop().unwrap().body["attachments"][0]["content"].clone();
        assert!(reads(&last).contains("alice is on it"), "{last:#}");
    }
}

#[tokio::test]
async fn whoever_has_not_installed_the_app_is_named_on_the_card() {
    let bot = Whole::start().await;
    let no = json!({ "error": { "code": "ForbiddenOperationException", "message": "not in personal scope" } });
    creating(&bot, ResponseTemplate::new(403).set_body_json(no)).await;
    bot.types(("bob", BOB), "1700", "/page primary checkout is slow").await;
    let card = bot.newest_card().await;
    assert!(
        reads(&card).contains("alice: failed: they have not installed the bot's app in Teams"),
        "{card:#}"
    );
    bot.passes(1).await;
    assert!(to(&bot.microsoft.sent().await, ALONE).is_empty());
}
