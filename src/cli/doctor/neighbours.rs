//! Questions to everybody else of the configuration: pipelines, probes, sources of alerts, schedules,
//! runbooks.

use std::{collections::BTreeMap, sync::Arc};

use super::{Ground, Question};
use crate::{
    alerts,
    clock::{Clock, Timestamp},
    greeting::{Greeting, Verdict},
    health,
    names::{ScheduleName, StepName},
    oncall::{self, OnCall, PageSettings, Who},
    pipelines::{self, command::runnable},
    runbooks, telling,
};

pub(super) fn pipelines(ground: &Ground) -> Vec<Question> {
    let standing = pipelines::Ground {
        clock: ground.clock.clone(),
        outbound: ground.outbound.clone(),
        folder: ground.config.folder(),
        program: "pilothouse".into(),
    };
    let question = |(name, settings): (&_, &pipelines::Settings)| {
        let (name, settings, standing) = (Clone::clone(name), settings.clone(), standing.clone());
        let lacks = ground.lacks(&format!("pipelines.{name}"));
        Question::new(format!("{name}"), async move {
            match lacks {
                Some(told) => told,
                None => pipelines::greet(&name, &settings, &standing).await,
            }
        })
    };
    ground.config.pipelines.iter().map(question).collect()
}

/// Every probe is asked once, as after a deployment; but not the bot itself about its own alerts,
/// whose sources are asked anyway.
pub(super) fn health(ground: &Ground) -> Vec<Question> {
    let mut questions = vec![];
    for (service, settings) in &ground.config.services {
        for (environment, rules) in &settings.environments {
            let is_own =
                |probe: &&health::Settings| matches!(probe, health::Settings::OwnAlerts(_));
            for probe in rules.health.iter().filter(|probe| !is_own(probe)) {
                let (clock, outbound) = (ground.clock.clone(), ground.outbound.clone());
                let standing = health::Ground { clock, outbound, post: health::Post::default() };
                let subject = format!("{service} in {environment}");
                let opened = health::open(probe, (service, environment), &standing);
                let asked = async move { vec![probed(opened).await] };
                questions.push(Question::new(subject, asked));
            }
        }
    }
    questions
}

async fn probed(opened: anyhow::Result<Arc<dyn health::Probe>>) -> Greeting {
    let probe = match opened {
        Ok(probe) => probe,
        Err(error) => return Greeting::sentence(&format!("{error:#}")),
    };
    let answer = probe.check(None).await;
    if answer.healthy {
        return Greeting::ok(answer.detail);
    }
    Greeting::bad(
        format!("it is not well: {}", answer.detail),
        "Look at the service, and at the probe in the configuration: as it is now, a deployment \
         there would count as unhealthy",
    )
}

pub(super) fn alerts(ground: &Ground) -> Vec<Question> {
    let question = |(name, settings): (&_, &alerts::Settings)| {
        let reach =
            alerts::Reach { outbound: ground.outbound.clone(), clock: ground.clock.clone() };
        let settings = settings.clone();
        let (subject, now) = (format!("{name}"), ground.clock.now());
        let lacks = ground.lacks(&format!("alerts.{name}"));
        Question::new(subject.clone(), async move {
            if let Some(told) = lacks {
                return told;
            }
            let feed = match alerts::open(&settings, &reach) {
                Ok(feed) => feed,
                Err(error) => return vec![Greeting::sentence(&format!("{error:#}"))],
            };
            let mut told = vec![source(&feed, &subject, now).await];
            if feed.common.proof.is_some() {
                told.extend(feed.source.greet().await);
            } else {
                told.push(Greeting::unseen(format!(
                    "it is only asked now and then: /hooks/{subject} is closed without `webhook`"
                )));
            }
            told
        })
    };
    ground.config.alerts.iter().map(question).collect()
}

async fn source(feed: &alerts::Feed, name: &str, now: Timestamp) -> Greeting {
    match feed.source.list(now).await {
        Ok(Some(heard)) => Greeting::ok(format!(
            "it answers: {}",
            match heard.len() {
                0 => "nothing fires".to_owned(),
                1 => "1 alert".to_owned(),
                count => format!("{count} alerts"),
            }
        )),
        Ok(None) => Greeting::unseen(format!(
            "it is only listened to at /hooks/{name}: whether it calls cannot be seen from here"
        )),
        Err(failure) => Greeting::failed("it", &failure),
    }
}

/// Whoever hears of deployments: they are told nothing now, and so only looked for.
pub(super) fn told(ground: &Ground) -> Vec<Question> {
    let question = |(name, settings): (&_, &telling::Settings)| {
        let lacks = ground.lacks(&format!("tell.{name}"));
        let (settings, outbound) = (settings.clone(), ground.outbound.clone());
        Question::new(format!("{name}"), async move {
            if let Some(told) = lacks {
                return told;
            }
            let url = match &settings {
                telling::Settings::Grafana(grafana) => grafana.url.as_url(),
                telling::Settings::Webhook(webhook) => webhook.url.as_url(),
                telling::Settings::Github(github) => github.github.api.as_url(),
                telling::Settings::Pagerduty(duty) => duty.integration.url.as_url(),
            };
            let mut told = vec![Greeting::of_address("it", url, &outbound).await];
            if told[0].verdict == Verdict::Ok {
                let said = "whether it takes what it is told cannot be seen from here: the next \
                            deployment shows it";
                told.push(Greeting::unseen(said));
            }
            told
        })
    };
    ground.config.tell.iter().map(question).collect()
}

/// Each level of each schedule, asked where it comes from; and whoever reaches its people.
pub(super) fn oncall(ground: &Ground) -> Vec<Question> {
    let question = |(name, settings): (&_, &oncall::ScheduleSettings)| {
        let (name, settings): (ScheduleName, _) = (Clone::clone(name), settings.clone());
        let ground = ground.clone();
        Question::new(format!("{name}"), async move {
            if let Some(told) = ground.lacks(&format!("oncall.{name}")) {
                return told;
            }
            let standing = oncall::Ground {
                db: ground.db.clone(),
                clock: ground.clock.clone(),
                outbound: ground.outbound.clone(),
            };
            let people: Vec<_> = ground.config.people.keys().cloned().collect();
            let alone = BTreeMap::from([(name.clone(), settings.clone())]);
            let mut told = match OnCall::open(&alone, &people, &standing) {
                Ok(schedules) => {
                    let levels = settings.levels.len();
                    let asked =
                        (0..levels).map(|level| on_level(&schedules, &name, level, &ground.clock));
                    futures_util::future::join_all(asked).await.concat()
                }
                Err(error) => vec![Greeting::sentence(&format!("{error:#}"))],
            };
            if let PageSettings::Webhook(pager) = &settings.page {
                let url = pager.url.as_url();
                told.push(
                    Greeting::of_address("who pages its people", url, &ground.outbound).await,
                );
            }
            told
        })
    };
    ground.config.oncall.iter().map(question).collect()
}

async fn on_level(
    schedules: &OnCall,
    name: &ScheduleName,
    level: usize,
    clock: &Clock,
) -> Vec<Greeting> {
    let (now, number) = (clock.now(), level + 1);
    let found = match schedules.ask(name, level, now).await {
        Ok(found) => found,
        Err(error) => {
            return vec![Greeting::bad(
                format!("level {number} cannot be read: {error:#}"),
                "Look at where it comes from: its address or file, and who may read it",
            )];
        }
    };
    let note = found.note.as_deref().map(|note| note.trim_end_matches('.').to_owned());
    let odd = |note: String| {
        Greeting::warn(format!("level {number}: {note}"), "Look at where it comes from")
    };
    let Some(watch) = found.watches.first() else {
        let note = note.unwrap_or_else(|| "nothing is known about it".to_owned());
        return vec![odd(note)];
    };
    let until =
        watch.until.map_or_else(String::new, |until| format!(" until {}", until.time_of_day(now)));
    let who: Vec<String> = watch.who.iter().map(Who::to_string).collect();
    let mut told = vec![if who.is_empty() {
        Greeting::warn(
            format!("level {number}: nobody is on call{until}"),
            "A page goes on to the next level: fill the gap, when it is not meant",
        )
    } else {
        Greeting::ok(format!("level {number}: {} now{until}", who.join(" and ")))
    }];
    told.extend(note.map(odd));
    told
}

/// The folder as it is now, and the programs of its steps.
pub(super) fn runbooks(ground: &Ground) -> Vec<Question> {
    let Some(settings) = ground.config.runbooks.clone() else { return vec![] };
    let steps = settings.steps.clone();
    let read = async move {
        tokio::task::spawn_blocking(move || books(&settings)).await.unwrap_or_default()
    };
    let step = |(name, step): (StepName, runbooks::StepSettings)| {
        Question::new(format!("step {name}"), async move {
            vec![runnable(&step.program, step.folder.as_deref())]
        })
    };
    [Question::new("folder", read)].into_iter().chain(steps.into_iter().map(step)).collect()
}

fn books(settings: &runbooks::Settings) -> Vec<Greeting> {
    let (folder, books) = (settings.folder.display(), runbooks::Books::read(settings));
    let odd = |trouble: &runbooks::Trouble| {
        Greeting::warn(trouble.to_string(), "Correct the file; the others can be used meanwhile")
    };
    let mut told: Vec<Greeting> = books.troubles.iter().map(odd).collect();
    match books.all.len() {
        0 if !told.is_empty() => {
            for greeting in &mut told {
                greeting.verdict = Verdict::Bad;
                greeting.advice = Some("Mend it, or correct `runbooks.folder`".to_owned());
            }
        }
        0 => told.push(Greeting::warn(
            format!("there is no runbook in {folder}"),
            "Put Markdown files there, or correct `runbooks.folder`",
        )),
        count => told.insert(0, Greeting::ok(format!("{folder} holds {count} that can be used"))),
    }
    told
}
