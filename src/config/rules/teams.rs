//! Teams: ids have the form of ids, and tokens can go to nobody but Microsoft.

use url::{Host, Url};

use super::{Found, Path, Secrets};
use crate::{chat::teams::Settings, outbound::is_this_machine, vendors::entra::Credential};

pub(super) fn check(settings: &Settings, found: &mut Found<'_>, secrets: Secrets) {
    let top = Path::of(&["teams"]);
    found.uuid(&top.key("app_id"), &settings.app_id);
    found.uuid(&top.key("tenant"), &settings.tenant);
    for (index, tenant) in settings.tenants.iter().enumerate() {
        found.uuid(&top.key("tenants").item(index), tenant);
    }
    for (name, room) in &settings.rooms {
        let id = &room.conversation;
        if !(id.starts_with("19:") && id.contains("@thread.")) {
            let what = if id.starts_with("19%3") || id.contains("://") {
                "take only the conversation's id from the link, with `%3a` written as `:` and \
                 `%40` as `@`: `19:…@thread.tacv2`"
            } else {
                "is no conversation of a team or group, such as `19:…@thread.tacv2`"
            };
            found.wrong(&top.key("rooms").key(name.as_str()).key("conversation"), what);
        }
    }
    credential(&settings.credential, found, secrets);
    addresses(settings, found);
}

fn credential(credential: &Credential, found: &mut Found<'_>, secrets: Secrets) {
    let path = Path::of(&["teams", "credential"]);
    let (key, file) = match credential {
        Credential::Certificate { certificate, .. } => ("certificate", certificate),
        Credential::FederatedFile { file } => ("file", file),
        Credential::ManagedIdentity { client_id: Some(id) } => {
            return found.uuid(&path.key("client_id"), id);
        }
        Credential::Secret { .. } | Credential::ManagedIdentity { client_id: None } => return,
    };
    if let (Secrets::Read, Err(error)) = (secrets, std::fs::File::open(file)) {
        let what = format!("the file {} cannot be read: {error}", file.display());
        found.wrong(&path.key(key), what);
    }
}

fn addresses(settings: &Settings, found: &mut Found<'_>) {
    let path = Path::of(&["teams", "addresses", "service_urls"]);
    let own = settings.addresses.service_urls.as_ref();
    if own.is_some_and(Vec::is_empty) {
        found.wrong(&path, "an empty list lets the bot send nothing: leave the key out");
        return;
    }
    let mut all_good = true;
    for (index, rule) in own.into_iter().flatten().enumerate() {
        if let Err(what) = service_url(rule) {
            found.wrong(&path.item(index), what);
            all_good = false;
        }
    }
    if let (true, Err(error)) = (all_good, settings.addresses()) {
        found.wrong(&path, error.to_string());
    }
}

/// A rule nothing can slip through: the bot's token goes where it points.
fn service_url(rule: &str) -> Result<(), &'static str> {
    let below = rule.contains("://*.");
    let no_address = "is no address such as `https://smba.trafficmanager.net/teams/` or \
                      `https://*.botframework.com`";
    let url = Url::parse(&rule.replacen("://*.", "://", 1)).map_err(|_| no_address)?;
    if rule.matches('*').count() != usize::from(below) {
        return Err("a `*` may only stand for everything before the first dot of a host");
    }
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !bare {
        return Err("must be an address without user name, password, `?` and `#`");
    }
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(host)) if is_this_machine(&host) && !below => Ok(()),
        ("https", Some(Host::Domain(_))) if url.port().is_some() => {
            Err("must use HTTPS at its usual port")
        }
        ("https", Some(Host::Domain(host))) if below => match host {
            "trafficmanager.net" => Err("anybody can register a host below this domain, so the \
                                         bot's token could go to anybody: name the host"),
            host if !host.contains('.') => Err("allows half the internet: name a domain"),
            _ => Ok(()),
        },
        ("https", Some(Host::Domain(_))) => Ok(()),
        ("http", Some(_)) => Err("must begin with https:// (plain http:// is for addresses of \
                                  this machine only)"),
        _ => Err(no_address),
    }
}
