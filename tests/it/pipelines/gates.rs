//! What happens at a vendor's gates, whoever's they are.

use async_trait::async_trait;
use pilothouse::pipelines::{Answer, Answered, Gate, RunState, Verdict};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    stage::{Stage, hasty, late, the_run},
    vendor::{PretendVendor, Spot},
};

/// A vendor whose runs wait for people.
#[async_trait]
pub(crate) trait PretendGates: PretendVendor {
    /// Where it says whether a gate still waits.
    fn look(&self) -> Spot;

    /// Where it says what a run waits for.
    fn gates_of(&self) -> Spot;

    /// Where it is told.
    fn tell(&self) -> Spot;

    /// The gate's id and name.
    fn gate(&self) -> (&'static str, &'static str);

    /// The word and the comment that it was told; checks that it was told about that gate. `None`
    /// where being told means doing it.
    fn said(&self, body: &[u8]) -> Option<(String, String)>;

    /// Whether each gate is looked at when its run is.
    fn looks_at_each(&self) -> bool {
        true
    }

    /// From now on the gate waits, and takes an answer from us or not.
    async fn waits(&self, stage: &Stage, ours: bool);

    /// It waits when it is looked at next, and no longer.
    async fn waits_once(&self, stage: &Stage);

    /// From now on somebody has answered it.
    async fn is_answered(&self, stage: &Stage);

    /// From now on it takes what it is told.
    async fn takes(&self, stage: &Stage);

    /// How it refuses an answer to what was answered meanwhile.
    fn too_late(&self) -> (u16, Value);
}

type Vendor = dyn PretendGates;

macro_rules! all_live_through {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test]
            async fn azure_devops() {
                super::$story(&crate::pipelines::azure_devops::AzureDevops).await;
            }

            #[tokio::test]
            async fn github_actions() {
                super::$story(&crate::pipelines::github_actions::GithubActions).await;
            }

            #[tokio::test]
            async fn gitlab() {
                super::$story(&crate::pipelines::gitlab::Gitlab).await;
            }
        })+
    };
}

all_live_through!(
    a_run_says_what_it_waits_for,
    what_a_run_waits_for_may_not_be_known,
    what_was_decided_is_told_once,
    what_somebody_has_answered_is_not_answered_again,
    what_is_answered_meanwhile_is_no_refusal,
    a_refusal_is_told_in_their_words,
    no_clear_answer_is_no_answer,
    whoever_wants_to_be_left_alone_is,
);

async fn waiting(vendor: &Vendor) -> (Stage, Gate) {
    let stage = Stage::of(vendor).await;
    vendor.is(&stage, Some(RunState::WaitingApproval)).await;
    let (id, name) = vendor.gate();
    let gate = Gate {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        at: "theirs".to_owned(),
        answerable: true,
        url: None,
        environment: None,
        own: None,
    };
    (stage, gate)
}

fn yes() -> Answer {
    Answer::new(Verdict::Approve, "Approved by bob")
}

async fn answered(vendor: &Vendor, stage: &Stage, gate: &Gate) -> Answered {
    stage.pipeline(vendor).answer(&the_run(vendor), gate, &yes()).await
}

async fn a_run_says_what_it_waits_for(vendor: &Vendor) {
    for ours in [true, false] {
        let stage = Stage::of(vendor).await;
        vendor.waits(&stage, ours).await;
        vendor.is(&stage, Some(RunState::WaitingApproval)).await;
        let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
        let [gate] = seen.gates.as_slice() else { panic!("{seen:?}") };
        assert_eq!((gate.id.as_str(), gate.name.as_str()), vendor.gate());
        assert_eq!(gate.answerable, ours || !vendor.looks_at_each());
        assert_eq!(gate.own, None);
        _ = stage.asked().await;
    }
    if vendor.looks_at_each() {
        let stage = Stage::of(vendor).await;
        vendor.is_answered(&stage).await;
        vendor.is(&stage, Some(RunState::WaitingApproval)).await;
        let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
        assert_eq!((seen.state, seen.gates), (RunState::WaitingApproval, vec![]));
    }
    for state in [RunState::Running, RunState::Succeeded] {
        let stage = Stage::of(vendor).await;
        vendor.is(&stage, Some(state)).await;
        let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
        assert!(seen.gates.is_empty(), "{seen:?}");
    }
}

async fn what_a_run_waits_for_may_not_be_known(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    stage.raw(vendor.gates_of(), ResponseTemplate::new(502)).await;
    vendor.waits(&stage, true).await;
    vendor.is(&stage, Some(RunState::WaitingApproval)).await;
    let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
    assert!(seen.gates_unknown && seen.gates.is_empty(), "{seen:?}");
}

async fn what_was_decided_is_told_once(vendor: &Vendor) {
    for (verdict, word) in [(Verdict::Approve, "approved"), (Verdict::Reject, "rejected")] {
        let (stage, gate) = waiting(vendor).await;
        vendor.takes(&stage).await;
        let answer = Answer::new(verdict, "Decided\u{7} by\n@bob");
        let answered = stage.pipeline(vendor).answer(&the_run(vendor), &gate, &answer).await;
        assert_eq!(answered, Answered::Done);
        let told = stage.asked_at(vendor.tell()).await;
        if let Some(said) = told.first().and_then(|told| vendor.said(&told.body)) {
            assert_eq!(told.len(), 1);
            assert_eq!(said, (word.to_owned(), "Decided by (at)bob".to_owned()));
        } else {
            let stopped = stage.count(vendor.stop()).await;
            let expected = if verdict == Verdict::Approve { (1, 0) } else { (0, 1) };
            assert_eq!((told.len(), stopped), expected, "{verdict:?}");
        }
    }
}

async fn what_somebody_has_answered_is_not_answered_again(vendor: &Vendor) {
    let (stage, gate) = waiting(vendor).await;
    stage.server.reset().await;
    vendor.is_answered(&stage).await;
    vendor.takes(&stage).await;
    assert_eq!(answered(vendor, &stage, &gate).await, Answered::Gone);
    assert_eq!(stage.count(vendor.tell()).await, 0);

    let (stage, gate) = waiting(vendor).await;
    stage.server.reset().await;
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" }));
    stage.raw(vendor.look(), gone).await;
    assert_eq!(answered(vendor, &stage, &gate).await, Answered::Gone);
}

async fn what_is_answered_meanwhile_is_no_refusal(vendor: &Vendor) {
    let (stage, gate) = waiting(vendor).await;
    stage.server.reset().await;
    vendor.waits_once(&stage).await;
    vendor.is_answered(&stage).await;
    let (status, said) = vendor.too_late();
    stage.raw(vendor.tell(), ResponseTemplate::new(status).set_body_json(said)).await;
    assert_eq!(answered(vendor, &stage, &gate).await, Answered::Gone);
    assert_eq!(stage.count(vendor.tell()).await, 1);
}

async fn a_refusal_is_told_in_their_words(vendor: &Vendor) {
    for status in [400, 401, 403, 409, 422] {
        let (stage, gate) = waiting(vendor).await;
        let no = ResponseTemplate::new(status).set_body_json(json!({ "message": "Not you" }));
        stage.raw(vendor.tell(), no).await;
        let answered = answered(vendor, &stage, &gate).await;
        let Answered::Refused(why) = answered else { panic!("{status}: {answered:?}") };
        assert!(why.ends_with(&format!("refused it (status {status}): Not you")), "{why}");
        assert_eq!(stage.count(vendor.tell()).await, 1);
    }
}

async fn no_clear_answer_is_no_answer(vendor: &Vendor) {
    let (stage, gate) = waiting(vendor).await;
    stage.raw(vendor.tell(), ResponseTemplate::new(502)).await;
    let unclear = answered(vendor, &stage, &gate).await;
    assert!(matches!(unclear, Answered::Unclear(_)), "{unclear:?}");
    assert_eq!(stage.count(vendor.tell()).await, 1);

    let (stage, gate) = waiting(vendor).await;
    stage.hangs_up(vendor.tell()).await;
    let unclear = answered(vendor, &stage, &gate).await;
    assert!(matches!(unclear, Answered::Unclear(_)), "{unclear:?}");

    let (stage, gate) = waiting(vendor).await;
    stage.raw(vendor.tell(), late()).await;
    let pipeline = stage.open(hasty(vendor.settings(&stage))).unwrap();
    let unclear = pipeline.answer(&the_run(vendor), &gate, &yes()).await;
    assert!(matches!(unclear, Answered::Unclear(_)), "{unclear:?}");
    assert_eq!(stage.count(vendor.tell()).await, 1);
}

async fn whoever_wants_to_be_left_alone_is(vendor: &Vendor) {
    let (stage, gate) = waiting(vendor).await;
    let busy = ResponseTemplate::new(429).append_header("retry-after", "30");
    stage.once(vendor.tell(), busy.set_body_json(json!({ "message": "later" }))).await;
    vendor.takes(&stage).await;
    let pipeline = stage.pipeline(vendor);
    for _ in 0..2 {
        let later = pipeline.answer(&the_run(vendor), &gate, &yes()).await;
        assert!(matches!(later, Answered::NotNow(_)), "{later:?}");
    }
    assert_eq!(stage.count(vendor.tell()).await, 1);
    stage.clock.advance(std::time::Duration::from_secs(31));
    let done = pipeline.answer(&the_run(vendor), &gate, &yes()).await;
    assert_eq!(done, Answered::Done);
}
