//! Asks Microsoft harmless questions: whether the bot is who it says, is heard, and may do what it
//! is configured to do.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::Method;
use tokio::sync::OnceCell;
use url::Url;

use super::{Admission, NAME, Settings, Teams, conversation_is_gone, settings::Addresses};
use crate::{
    chat::{Place, ShowError},
    clock::{Clock, Timestamp, spoken},
    greeting::{Greeting, Verdict},
    names::RoomName,
    outbound::{Answer, Outbound},
    vendors::{
        entra::{Credential, Tokens},
        graph::Graph,
        openid::Keys,
    },
};

/// From this difference on somebody should look at the clock.
const ODD: Duration = Duration::from_mins(1);

/// From this difference on tokens are not taken: theirs by us, nor ours by them.
const FATAL: Duration = Duration::from_mins(5);

/// A channel has no such description; the question is only asked to see whether it is answered.
const NO_MARKER: &str = "pilothouse-doctor-asks-and-looks-for-nothing";

/// Asks Microsoft on behalf of one bot. Needs no database.
pub struct Greeter {
    settings: Settings,
    addresses: Addresses,
    tokens: Tokens,
    keys: Keys,
    outbound: Outbound,
    clock: Clock,
    token: OnceCell<Greeting>,
}

impl Greeter {
    /// The bot of these settings.
    ///
    /// # Errors
    /// When an address is wrong.
    pub fn new(settings: &Settings, outbound: &Outbound, clock: &Clock) -> anyhow::Result<Self> {
        let addresses = settings.addresses()?;
        let tokens = settings.tokens(&addresses, outbound.clone(), clock.clone())?;
        let keys = Keys::new(addresses.openid_metadata.clone(), outbound.clone(), clock.clone());
        let (settings, token) = (settings.clone(), OnceCell::new());
        let (outbound, clock) = (outbound.clone(), clock.clone());
        Ok(Self { settings, addresses, tokens, keys, outbound, clock, token })
    }

    /// Whether Entra gives the bot a token for the connector.
    pub async fn token(&self) -> Greeting {
        let ask = async || match self.tokens.bearer().await {
            Ok(_) => Greeting::ok(format!(
                "Microsoft Entra gives one for the app {}, by {}",
                self.settings.app_id,
                proof(&self.settings.credential)
            )),
            Err(error) => {
                let login = &self.addresses.login;
                let told = Greeting::sentence(&format!("{error:#}"));
                let advice = told.advice.unwrap_or_else(|| {
                    format!("Look at `teams.credential`, and let this machine reach {login}")
                });
                Greeting { advice: Some(advice), ..told }
            }
        };
        self.token.get_or_init(ask).await.clone()
    }

    /// Whether there is a token to ask anything else with.
    pub async fn has_token(&self) -> bool {
        self.token().await.verdict == Verdict::Ok
    }

    /// Whether the keys are announced by which the connector's calls are proved.
    pub async fn keys(&self) -> Greeting {
        match self.keys.count().await {
            Ok(count) => {
                Greeting::ok(format!("{count} announced, so calls of Teams can be proved"))
            }
            Err(error) => Greeting::bad(
                format!("the keys of Teams cannot be had: {error:#}"),
                format!(
                    "Let this machine reach {}: without the keys, nobody who speaks is believed",
                    self.addresses.openid_metadata
                ),
            ),
        }
    }

    /// How far this machine's clock is from Microsoft's.
    pub async fn clock(&self) -> Greeting {
        let entra = [&self.settings.tenant, "v2.0", ".well-known", "openid-configuration"];
        let entra = self.addresses.login.url(&entra).ok();
        let metadata = self.addresses.openid_metadata.as_url().clone();
        for url in entra.into_iter().chain([metadata]) {
            if let Some(skew) = self.skew(url).await {
                return told(skew);
            }
        }
        Greeting::unseen("no server of Microsoft's could be asked what time it is")
    }

    /// How far this clock is ahead, in milliseconds, as a server's `Date` shows.
    async fn skew(&self, url: Url) -> Option<i64> {
        let before = self.clock.now();
        let answer = self.outbound.hear(self.outbound.request(Method::GET, url)).await.ok()?;
        let after = self.clock.now();
        let there = date(&answer)?;
        // Their clock shows whole seconds, and some time between the question and the answer.
        Some(match there.0 {
            early if early + 1000 < before.0 => before.0 - (early + 1000),
            late if late > after.0 => after.0 - late,
            _ => 0,
        })
    }

    /// Whether the app has these permissions of Microsoft Graph, each named with what it is for.
    pub async fn permissions(&self, needed: &[(&str, &str)]) -> Vec<Greeting> {
        let scope = self.addresses.graph.as_url().as_str().trim_end_matches('/');
        let roles = match self.tokens.roles_for(&format!("{scope}/.default")).await {
            Ok(Some(roles)) => roles,
            Ok(None) => {
                let said = "the token does not say what the app may do";
                return vec![Greeting::unseen(said)];
            }
            Err(error) => return vec![Greeting::sentence(&format!("{error:#}"))],
        };
        let lacks = |(role, _): &&(&str, &str)| !roles.iter().any(|has| has == role);
        let missing: Vec<_> = needed.iter().filter(lacks).collect();
        if missing.is_empty() {
            let names: Vec<_> = needed.iter().map(|(role, _)| *role).collect();
            return vec![Greeting::ok(format!("the app has {}", names.join(", ")))];
        }
        let one = |(role, purpose): &&(&str, &str)| {
            Greeting::bad(
                format!("the app lacks {role}, to {purpose}"),
                "Entra admin center, App registrations, API permissions: add it as an application \
                 permission of Microsoft Graph, and grant admin consent",
            )
        };
        missing.iter().map(one).collect()
    }

    /// Whether the app may see the channels of a team, and so make some: both are asked for when
    /// it is added there.
    pub async fn team(&self, team: &str) -> Greeting {
        let graph = Graph::new(
            self.addresses.graph.clone(),
            self.tokens.clone(),
            self.outbound.clone(),
            self.clock.clone(),
        );
        match graph.channel_with(team, NO_MARKER).await {
            Ok(_) => Greeting::ok("the app sees the channels of the incidents' team"),
            Err(error) if matches!(error.status(), Some(403 | 404)) => Greeting::bad(
                "Microsoft Graph shows the bot no channels of the team of `incidents.team`",
                "Compare the id with the group's in Entra, and add the app of `pilothouse package` \
                 to that team: it asks for what it needs there",
            ),
            Err(error) => error.greeting(),
        }
    }
}

impl Teams {
    /// Whether the connector tells the bot who is in a room: it does so for those who are in it.
    pub(super) async fn greeted(&self, room: &RoomName) -> Greeting {
        let configured = match &self.admission {
            Admission::Proved { settings, .. } => settings.rooms.get(room),
            Admission::ThisMachine => None,
        };
        let Some(configured) = configured else {
            return Greeting::unseen("it is no room of Teams");
        };
        let id = configured.conversation.clone();
        let kind = if id.contains("@thread.tacv2") { "channel" } else { "chat" };
        let place = Place { channel: NAME.to_owned(), conversation: id };
        let known = self.references.find(&place.conversation).await.is_ok_and(|one| one.is_some());
        let Ok(reference) = self.reference(&place).await else { return stranger(kind) };
        match self.connector.glance(&reference, &place.conversation).await {
            Ok(people) => {
                let yet = if known { "" } else { "; nobody has spoken to it there yet" };
                let seen = match people {
                    1 => "1 person".to_owned(),
                    people => format!("{people} people"),
                };
                Greeting::ok(format!("the bot is in this {kind}, and sees {seen}{yet}"))
            }
            Err(error) if conversation_is_gone(&error) => stranger(kind),
            Err(ShowError::Gone(why)) => Greeting::bad(
                format!("Teams does not know this {kind} as one of the bot's: {why}"),
                "Compare its id under `teams.rooms` with its link in Teams",
            ),
            Err(ShowError::Broken(error)) => Greeting::sentence(&format!("{error:#}")),
        }
    }
}

fn stranger(kind: &str) -> Greeting {
    Greeting::bad(
        format!("Pilothouse has not been added to this {kind} yet"),
        format!(
            "Add its app there (for a channel, to its team), and say hello in the {kind}: \
                 `@Pilothouse help`"
        ),
    )
}

fn proof(credential: &Credential) -> String {
    match credential {
        Credential::Secret { secret } => format!("the client secret {secret}"),
        Credential::Certificate { certificate, .. } => {
            format!("the certificate {}", certificate.display())
        }
        Credential::FederatedFile { file } => format!("the federated token {}", file.display()),
        Credential::ManagedIdentity { .. } => "the machine's managed identity".to_owned(),
    }
}

/// When the answer was given, by its sender's clock; what a cache kept has aged since.
fn date(answer: &Answer) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    let age = answer.header("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    Some(Timestamp(0).plus(since).plus(Duration::from_secs(age)))
}

fn told(skew: i64) -> Greeting {
    let apart = Duration::from_millis(skew.unsigned_abs());
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let said = format!("this machine's clock is {} {side} Microsoft's", spoken(apart));
    let advice = "Set it by the network: `timedatectl set-ntp true`, chrony, or the host's own";
    if apart > FATAL {
        return Greeting::bad(format!("{said}, so tokens are not taken"), advice);
    }
    if apart > ODD {
        return Greeting::warn(said, advice);
    }
    Greeting::ok("this machine's clock agrees with Microsoft's")
}
