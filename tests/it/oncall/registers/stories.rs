//! What happens to a register, whoever's it is. It is Thursday, 9 October 2025, 09:15 UTC.

use std::time::Duration;

use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use super::{
    stage::{Stage, TOKEN, late, rota},
    vendor::{ALICE, BOB, JANE, NAMESAKE, PretendRegister, Shift, shift},
};
use crate::world::{self, Bot};

type Vendor = dyn PretendRegister;

const ON_NOW: &str = "2025-10-06T07:00:00";
const MONDAY: &str = "2025-10-13T07:00:00";
const NEXT: &str = "2025-10-20T07:00:00";

/// Alice until Monday, then bob.
async fn usual(vendor: &Vendor, stage: &Stage) {
    stage.clears().await;
    vendor.says(stage, &[shift(ALICE, ON_NOW, MONDAY), shift(BOB, MONDAY, NEXT)]).await;
}

async fn says(vendor: &Vendor, shifts: &[Shift]) -> String {
    let stage = Stage::of(vendor).await;
    vendor.says(&stage, shifts).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    _ = stage.asked().await;
    said
}

/// A bot that has read the usual turns.
async fn well_read(vendor: &Vendor) -> (Stage, Bot) {
    let stage = Stage::of(vendor).await;
    usual(vendor, &stage).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    bot.works().await;
    (stage, bot)
}

/// Five minutes later everything is read anew.
async fn later(bot: &Bot) -> String {
    bot.clock.advance(Duration::from_mins(5));
    bot.works().await;
    bot.hears(world::ALICE, "/oncall").await
}

pub(crate) async fn who_is_on_call_and_who_is_next_is_said(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    usual(vendor, &stage).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    let early = bot.is_told(world::ALICE, "/oncall").await;
    let not_yet = format!("not known now\n  The {} has not been read yet", vendor.called());
    assert!(early.contains(&not_yet), "{early}");
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    let expected = "alice until Mon 13 Oct 09:00\n  Then bob, until Mon 20 Oct 09:00.";
    assert!(said.contains(expected) && !said.contains("cannot"), "{said}");
    let asked = stage.asked().await;
    assert!(!asked.is_empty());
    for request in asked {
        assert!(vendor.proves(&request, TOKEN), "{} {:?}", request.url, request.headers);
        assert!(request.headers["user-agent"].to_str().unwrap().starts_with("pilothouse/"));
    }
}

pub(crate) async fn the_hand_over_is_at_its_very_moment(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    let ten = "2025-10-09T10:00:00";
    vendor.says(&stage, &[shift(ALICE, ON_NOW, ten), shift(BOB, ten, MONDAY)]).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    bot.works().await;
    bot.clock.advance(Duration::from_secs(44 * 60 + 59));
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until 12:00 today\n  Then bob"), "{said}");
    bot.clock.advance(Duration::from_secs(1));
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("bob until Mon 13 Oct 09:00"), "{said}");
}

pub(crate) async fn two_at_a_time_are_both_on_call(vendor: &Vendor) {
    let noon = "2025-10-09T12:00:00";
    let said = says(vendor, &[shift(ALICE, ON_NOW, MONDAY), shift(BOB, ON_NOW, noon)]).await;
    assert!(said.contains("alice and bob until 14:00 today\n  Then alice, until Mon 13"), "{said}");
}

pub(crate) async fn a_gap_is_nobody_and_so_is_an_empty_schedule(vendor: &Vendor) {
    let said = says(vendor, &[shift(BOB, "2025-10-09T11:00:00", MONDAY)]).await;
    assert!(said.contains("nobody until 13:00 today\n  Then bob, until Mon 13"), "{said}");
    let said = says(vendor, &[]).await;
    assert!(said.contains("nobody, with no hand-over in the next two months"), "{said}");
}

pub(crate) async fn somebody_is_always_on_call(vendor: &Vendor) {
    let said = says(vendor, &[Shift { who: ALICE, from: None, until: None }]).await;
    assert!(said.contains("alice, with no hand-over in the next two months"), "{said}");
}

pub(crate) async fn somebody_nobody_knows_is_shown_in_the_vendors_words(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    vendor.says(&stage, &[shift(JANE, ON_NOW, MONDAY)]).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("Jane **Doe** <at>all</at> until Mon 13"), "{said}");
    let card = bot.chat.newest().to_string();
    assert!(!card.contains("<at>") && !card.contains('\u{202e}'), "{card}");
    assert!(!card.contains("\"Jane **Doe**"), "{card}");
    bot.hears(world::BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains(": failed: only the calendar knows them"), "{card}");
}

pub(crate) async fn an_address_is_surer_than_a_name(vendor: &Vendor) {
    let said = says(vendor, &[shift(NAMESAKE, ON_NOW, MONDAY)]).await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
}

pub(crate) async fn a_page_reaches_whoever_is_on_call_and_then_the_next_level(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    usual(vendor, &stage).await;
    let bot = stage.bot(&[vendor.level(&stage), rota("carol")]).await;
    bot.works().await;
    bot.hears(world::BOB, "/page primary help").await;
    let calls = |who| bot.chat.alone_with(who).len();
    assert_eq!((calls(world::ALICE), calls(world::BOB), calls(world::CAROL)), (1, 0, 0));
    bot.passes(Duration::from_mins(5)).await;
    assert_eq!((calls(world::ALICE), calls(world::BOB), calls(world::CAROL)), (1, 0, 1));
}

pub(crate) async fn as_the_second_level_it_is_called_when_nobody_answers(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    usual(vendor, &stage).await;
    let bot = stage.bot(&[rota("carol"), vendor.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("Level 2: alice until Mon 13 Oct 09:00"), "{said}");
    bot.hears(world::BOB, "/page primary help").await;
    assert!(bot.chat.alone_with(world::ALICE).is_empty());
    bot.passes(Duration::from_mins(5)).await;
    assert_eq!(bot.chat.alone_with(world::ALICE).len(), 1);
}

pub(crate) async fn a_limit_is_kept_and_the_last_answer_counts(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    let limit = ResponseTemplate::new(429).insert_header("retry-after", "600");
    stage.only(vendor.spot(), limit).await;
    let said = later(&bot).await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
    assert!(said.contains("cannot be read (") && said.contains("come back later"), "{said}");
    bot.passes(Duration::from_mins(3)).await;
    let asked = stage.asked().await.len();
    assert!(!vendor.is_a_server() || asked == 1, "asked {asked} times");
    usual(vendor, &stage).await;
    bot.passes(Duration::from_mins(9)).await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13") && !said.contains("cannot be read"), "{said}");
}

pub(crate) async fn garbage_is_never_nobody(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    let texts = ["<html>sign in</html>", "", "null", "{}", "[]", "[1", "7", "\"none\""];
    let texts = texts.into_iter().map(str::to_owned);
    let own = vendor.garbage().into_iter().map(|answer| answer.to_string());
    for text in texts.chain(own) {
        let answer = ResponseTemplate::new(200).set_body_raw(text.clone(), "application/json");
        stage.only(vendor.spot(), answer).await;
        let said = later(&bot).await;
        assert!(said.contains("alice until Mon 13 Oct 09:00"), "{text}: {said}");
        assert!(said.contains(&format!("The {} cannot be read (", vendor.called())), "{text}");
    }
    usual(vendor, &stage).await;
    assert!(!later(&bot).await.contains("cannot be read"));
}

pub(crate) async fn a_slow_server_keeps_nobody_waiting(vendor: &Vendor) {
    // The calendar's own story has its patience, which is ten seconds.
    if !vendor.is_a_server() {
        return;
    }
    let stage = Stage::of(vendor).await;
    usual(vendor, &stage).await;
    let mut level = vendor.level(&stage);
    level["timeout"] = json!("1s");
    let bot = stage.bot(&[level]).await;
    bot.works().await;
    stage.only(vendor.spot(), late()).await;
    bot.clock.advance(Duration::from_mins(5));
    let said = bot.is_told(world::ALICE, "/oncall").await;
    assert!(stage.asked().await.is_empty(), "nobody waits for somebody else's server");
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13") && said.contains("time ran out"), "{said}");
}

pub(crate) async fn a_server_in_trouble_leaves_the_last_good_answer_with_its_age(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    for (status, why) in
        [(503, "status 503"), (404, "status 404"), (401, "status 401"), (403, "status 403")]
    {
        stage.only(vendor.spot(), ResponseTemplate::new(status)).await;
        let said = later(&bot).await;
        assert!(said.contains("alice until Mon 13 Oct 09:00"), "{why}: {said}");
        assert!(said.contains(why) && said.contains("; this is what it said "), "{why}: {said}");
        assert!(said.contains(" ago, 09:15 UTC."), "{said}");
        assert!(!said.contains(TOKEN), "{said}");
    }
    assert!(later(&bot).await.contains("this is what it said 25 min ago"));
    stage.clears().await;
    vendor.says(&stage, &[shift(BOB, ON_NOW, MONDAY)]).await;
    let said = later(&bot).await;
    assert!(said.contains("bob until Mon 13") && !said.contains("cannot be read"), "{said}");
}

pub(crate) async fn what_was_never_read_is_not_known(vendor: &Vendor) {
    let stage = Stage::of_nobody(vendor).await;
    let bot = stage.bot(&[vendor.level(&stage)]).await;
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    let what = vendor.called();
    assert!(said.contains(&format!("not known now\n  The {what} cannot be read: ")), "{said}");
    assert!(said.contains("the server could not be reached"), "{said}");
    assert!(!said.contains("nobody") && !said.contains(TOKEN), "{said}");
    bot.hears(world::BOB, "/page primary help").await;
    let card = bot.reads_of("page");
    assert!(card.contains("It is not known who is on call there, so nobody was called."), "{card}");
}

pub(crate) async fn a_rotated_token_counts_from_its_next_use(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    usual(vendor, &stage).await;
    stage.token(vendor, "pretended-token-two");
    let said = later(&bot).await;
    assert!(said.contains("alice until Mon 13") && !said.contains("cannot be read"), "{said}");
    let asked = stage.asked().await;
    assert!(!asked.is_empty());
    for request in asked {
        assert!(vendor.proves(&request, "pretended-token-two"), "{:?}", request.headers);
    }
}

pub(crate) async fn nobody_is_followed_to_another_server(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    let other = MockServer::start().await;
    for status in [301, 302, 307, 308] {
        let away = ResponseTemplate::new(status)
            .insert_header("location", format!("{}{}", other.uri(), vendor.spot()));
        stage.only(vendor.spot(), away).await;
        let said = later(&bot).await;
        assert!(said.contains("alice until Mon 13") && said.contains("cannot be read"), "{said}");
    }
    assert!(other.received_requests().await.unwrap().is_empty());
}

pub(crate) async fn a_restart_keeps_what_was_read(vendor: &Vendor) {
    let (stage, bot) = well_read(vendor).await;
    stage.only(vendor.spot(), ResponseTemplate::new(503)).await;
    bot.clock.advance(Duration::from_mins(5));
    let bot = bot.restarts().await;
    let said = bot.is_told(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13 Oct 09:00"), "{said}");
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("alice until Mon 13") && said.contains("6 min 1 s ago"), "{said}");
}

pub(crate) async fn when_nobody_reads_it_any_more_its_age_is_said(vendor: &Vendor) {
    let (_stage, bot) = well_read(vendor).await;
    bot.clock.advance(Duration::from_mins(16));
    assert!(!bot.is_told(world::ALICE, "/oncall").await.contains("last read"));
    bot.clock.advance(Duration::from_secs(1));
    let said = bot.is_told(world::ALICE, "/oncall").await;
    let note = format!("The {} was last read 16 min 1 s ago, 09:15 UTC.", vendor.called());
    assert!(said.contains("alice until Mon 13") && said.contains(&note), "{said}");
    bot.works().await;
    assert!(!bot.is_told(world::ALICE, "/oncall").await.contains("last read"));
}

pub(crate) async fn an_unknown_level_is_passed_over(vendor: &Vendor) {
    let stage = Stage::of_nobody(vendor).await;
    let bot = stage.bot(&[vendor.level(&stage), rota("carol")]).await;
    bot.works().await;
    bot.hears(world::BOB, "/page primary help").await;
    assert_eq!(bot.chat.alone_with(world::CAROL).len(), 1, "nobody waits for nobody");
    let card = bot.reads_of("page");
    assert!(card.contains("Level 1: not known who is on call"), "{card}");
    assert!(card.contains("Level 2: carol: delivered"), "{card}");
}

pub(crate) async fn an_answer_that_is_too_old_is_not_known_any_more(vendor: &Vendor) {
    // A calendar says what it says for all time.
    if !vendor.is_a_server() {
        return;
    }
    let (stage, bot) = well_read(vendor).await;
    stage.only(vendor.spot(), ResponseTemplate::new(503)).await;
    bot.clock.advance(Duration::from_hours(24 * 68));
    bot.works().await;
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("nobody at least until Wed 17 Dec 10:15"), "its turns are over: {said}");
    bot.clock.advance(Duration::from_hours(48));
    let said = bot.hears(world::ALICE, "/oncall").await;
    assert!(said.contains("not known now") && said.contains("ago is over."), "{said}");
}
