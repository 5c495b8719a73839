//! `teams` of the configuration: which bot this is, and every address it may talk to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service_url::ServiceUrl;
use crate::{
    clock::Clock,
    names::RoomName,
    outbound::{Base, Outbound},
    vendors::{
        entra::{Credential, Identity, Tokens},
        graph::Graph,
    },
};

/// `teams` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The bot's app id (Entra admin center, App registrations, Application ID).
    pub app_id: String,
    /// The tenant the bot is registered in (Directory ID).
    pub tenant: String,
    /// Tenants whose people may talk to the bot; without this line, `tenant` alone.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// How the bot proves who it is.
    pub credential: Credential,
    /// Which of Microsoft's clouds it lives in.
    #[serde(default)]
    pub cloud: Cloud,
    /// Addresses that are not the cloud's usual ones.
    #[serde(default)]
    pub addresses: OwnAddresses,
    /// The rooms of the configuration that are Teams conversations.
    #[serde(default)]
    pub rooms: BTreeMap<RoomName, RoomSettings>,
}

/// One of Microsoft's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Everybody's, and GCC's, which differs in its service addresses only.
    #[default]
    Public,
    /// US government, GCC High.
    GccHigh,
    /// US government, Department of Defense.
    Dod,
    /// Operated by 21Vianet.
    China,
}

/// Addresses given by hand instead of the cloud's; what is left out stays the cloud's.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnAddresses {
    /// Where the connector's signing keys are announced.
    pub openid_metadata: Option<Base>,
    /// Who signs what the connector sends.
    pub issuer: Option<String>,
    /// Where the bot's own token comes from, without tenant.
    pub login: Option<Base>,
    /// What the bot's own token is for.
    pub scope: Option<String>,
    /// Microsoft Graph.
    pub graph: Option<Base>,
    /// Where the bot may send messages to, and nowhere else. `https://host` allows that host,
    /// `https://*.host` every host below it, and a path what begins with it.
    pub service_urls: Option<Vec<String>>,
}

/// One room that is a Teams conversation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomSettings {
    /// The conversation's id: `19:…@thread.tacv2` (from the channel's link), `19:…@thread.v2`.
    pub conversation: String,
}

/// Every address of one bot, settled.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Where the connector's signing keys are announced.
    pub openid_metadata: Base,
    /// Who signs what the connector sends.
    pub issuer: String,
    /// Where the bot's own token comes from, without tenant.
    pub login: Base,
    /// What the bot's own token is for.
    pub scope: String,
    /// Microsoft Graph.
    pub graph: Base,
    /// Where the bot may send messages to.
    pub service_urls: Vec<String>,
    /// Where a conversation is reached that has never spoken to the bot.
    pub first_service_url: Option<ServiceUrl>,
}

impl Settings {
    /// The cloud's addresses, with those given by hand in their place.
    ///
    /// # Errors
    /// When the first service address is none of the allowed.
    pub fn addresses(&self) -> anyhow::Result<Addresses> {
        let usual = self.cloud.usual();
        let own = &self.addresses;
        let base = |own: &Option<Base>, usual: &str| {
            own.clone().map_or_else(|| Ok::<_, anyhow::Error>(usual.parse()?), Ok)
        };
        let usual_urls = || usual.service_urls.iter().map(|url| (*url).to_owned()).collect();
        let service_urls: Vec<String> = own.service_urls.clone().unwrap_or_else(usual_urls);
        let first = match &own.service_urls {
            // Given by hand: the first that is a whole address.
            Some(own) => own.iter().find(|url| !url.contains('*')).map(String::as_str),
            None => Some(usual.first_service_url),
        };
        let first_service_url =
            first.map(|url| ServiceUrl::allowed(url, &service_urls)).transpose()?;
        Ok(Addresses {
            openid_metadata: base(&own.openid_metadata, usual.openid_metadata)?,
            issuer: own.issuer.clone().unwrap_or_else(|| usual.issuer.to_owned()),
            login: base(&own.login, usual.login)?,
            scope: own.scope.clone().unwrap_or_else(|| usual.scope.to_owned()),
            graph: base(&own.graph, usual.graph)?,
            service_urls,
            first_service_url,
        })
    }

    /// The bot's own tokens; what is asked for without naming a purpose is for the connector.
    ///
    /// # Errors
    /// When the tenant cannot be part of an address.
    pub fn tokens(
        &self,
        addresses: &Addresses,
        outbound: Outbound,
        clock: Clock,
    ) -> anyhow::Result<Tokens> {
        let identity = Identity {
            app_id: self.app_id.clone(),
            tenant: self.tenant.clone(),
            credential: self.credential.clone(),
            login: addresses.login.clone(),
        };
        Tokens::new(identity, &addresses.scope, outbound, clock)
    }

    /// Microsoft Graph, as the bot itself.
    ///
    /// # Errors
    /// When an address is wrong.
    pub fn graph(&self, outbound: &Outbound, clock: &Clock) -> anyhow::Result<Graph> {
        let addresses = self.addresses()?;
        let tokens = self.tokens(&addresses, outbound.clone(), clock.clone())?;
        Ok(Graph::new(addresses.graph, tokens, outbound.clone(), clock.clone()))
    }

    /// Whether people of that tenant may talk to the bot.
    pub fn admits(&self, tenant: &str) -> bool {
        let same = |known: &String| known.eq_ignore_ascii_case(tenant);
        if self.tenants.is_empty() { same(&self.tenant) } else { self.tenants.iter().any(same) }
    }
}

/// One row of the table of clouds.
struct Usual {
    openid_metadata: &'static str,
    issuer: &'static str,
    login: &'static str,
    scope: &'static str,
    graph: &'static str,
    service_urls: &'static [&'static str],
    first_service_url: &'static str,
}

impl Cloud {
    /// From the connector's authentication documentation and Microsoft's own SDKs. Host names are
    /// exact where Microsoft does not own the whole domain: anybody can register below
    /// `trafficmanager.net`.
    fn usual(self) -> Usual {
        let government = Usual {
            openid_metadata: "https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
            issuer: "https://api.botframework.us",
            login: "https://login.microsoftonline.us",
            scope: "https://api.botframework.us/.default",
            graph: "https://graph.microsoft.us",
            service_urls: &[
                "https://smba.infra.gov.teams.microsoft.us",
                "https://*.botframework.azure.us",
            ],
            first_service_url: "https://smba.infra.gov.teams.microsoft.us/teams/",
        };
        match self {
            Self::Public => Usual {
                openid_metadata: "https://login.botframework.com/v1/.well-known/openidconfiguration",
                issuer: "https://api.botframework.com",
                login: "https://login.microsoftonline.com",
                scope: "https://api.botframework.com/.default",
                graph: "https://graph.microsoft.com",
                service_urls: &[
                    "https://smba.trafficmanager.net",
                    "https://smba.infra.gcc.teams.microsoft.com",
                    "https://*.botframework.com",
                ],
                first_service_url: "https://smba.trafficmanager.net/teams/",
            },
            Self::GccHigh => government,
            Self::Dod => Usual {
                graph: "https://dod-graph.microsoft.us",
                service_urls: &[
                    "https://smba.infra.dod.teams.microsoft.us",
                    "https://*.botframework.azure.us",
                ],
                first_service_url: "https://smba.infra.dod.teams.microsoft.us/teams/",
                ..government
            },
            Self::China => Usual {
                openid_metadata: "https://login.botframework.azure.cn/v1/.well-known/openidconfiguration",
                issuer: "https://api.botframework.azure.cn",
                login: "https://login.partner.microsoftonline.cn",
                scope: "https://api.botframework.azure.cn/.default",
                graph: "https://microsoftgraph.chinacloudapi.cn",
                service_urls: &["https://*.botframework.azure.cn"],
                first_service_url: "https://smba.botframework.azure.cn/teams/",
            },
        }
    }
}
