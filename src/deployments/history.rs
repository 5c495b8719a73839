//! The road an environment has come, and so the version to go back to. Pure.

use super::{
    deployment::Deployment,
    plan::Release,
    standing::Standing,
    state::{Outcome, State},
};
use crate::names::{Environment, Service, Version};

/// Why there is no way back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// Nobody knows what is live.
    #[error(
        "Nothing has been deployed to {environment} of {service} by me yet, so I do not know what \
         to go back to"
    )]
    NothingLive {
        /// Where.
        environment: Environment,
        /// Of what.
        service: Service,
    },
    /// Nothing else was ever good there.
    #[error(
        "No version but {live} was ever live and well in {environment}: deploy another one with \
         `/deploy {environment} <version>`"
    )]
    NoEarlier {
        /// What is live.
        live: Version,
        /// Where.
        environment: Environment,
    },
    /// Going back is for versions that have been good before; anything else is a deployment.
    #[error(
        "{version} was never live and well in {environment}{hint}: for a version that is new there, \
         say `/deploy {environment} {version}`"
    )]
    NeverGood {
        /// What was asked for.
        version: Version,
        /// Where.
        environment: Environment,
        /// What was good there.
        hint: String,
    },
    /// It is there already.
    #[error("{version} is what is live in {environment} now")]
    Live {
        /// What was asked for.
        version: Version,
        /// Where.
        environment: Environment,
    },
}

/// Every version that was live and well, in the order they came. A way back takes away what came
/// after the version it went to: what people went away from is not what they go back to.
pub fn road(mut rested: Vec<Deployment>) -> Vec<Release> {
    rested.sort_by_key(|deployment| deployment.ended);
    let mut road: Vec<Release> = vec![];
    for deployment in rested {
        // What was there before the first of them is where the road begins.
        if road.is_empty() {
            road.extend(deployment.before);
        }
        let State::Ended(outcome) = deployment.state else { continue };
        let plan = deployment.plan;
        let shipped = Release { version: plan.version, commit: plan.commit };
        let (release, back) = match outcome {
            Outcome::Succeeded { .. } => (shipped, plan.back),
            Outcome::RolledBack { to, .. } => (to, true),
            _ => continue,
        };
        if let (true, Some(index)) = (back, road.iter().rposition(|known| known.is(&release))) {
            road.truncate(index + 1);
        } else if road.last().is_none_or(|last| !last.is(&release)) {
            road.push(release);
        }
    }
    road
}

/// Where to go back to from what stands there: the version that is named, or the last good one
/// before.
///
/// # Errors
/// [`NoWayBack`] says why there is none.
pub fn way_back(
    (service, environment): (&Service, &Environment),
    standing: Option<&Standing>,
    road: &[Release],
    to: Option<&Version>,
) -> Result<Release, NoWayBack> {
    let (service, environment) = (service.clone(), environment.clone());
    let Some(live) = standing.map(|standing| &standing.live) else {
        return Err(NoWayBack::NothingLive { environment, service });
    };
    let certain = standing.is_some_and(|standing| standing.certain);
    let mut earlier = road.iter().rev();
    let Some(version) = to else {
        let found = earlier.find(|release| !release.is(live)).cloned();
        return found
            .ok_or_else(|| NoWayBack::NoEarlier { live: live.version.clone(), environment });
    };
    match earlier.find(|release| release.version == *version) {
        Some(release) if release.is(live) && certain => {
            Err(NoWayBack::Live { version: version.clone(), environment })
        }
        Some(release) => Ok(release.clone()),
        None => {
            let good = road.iter().rev().filter(|release| !release.is(live));
            let mut good: Vec<String> =
                good.map(|release| release.version.to_string()).take(5).collect();
            good.dedup();
            let hint = if good.is_empty() {
                String::new()
            } else {
                format!(" ({} were)", good.join(", "))
            };
            Err(NoWayBack::NeverGood { version: version.clone(), environment, hint })
        }
    }
}
