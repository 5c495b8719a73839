//! The Teams app: what Teams would refuse when the package is uploaded.

use super::{Found, Path};
use crate::config::app::{AppSettings, LONGEST, is_colour, is_host, is_https, is_version};

pub(super) fn check(settings: &AppSettings, found: &mut Found<'_>) {
    let top = Path::of(&["app"]);
    for (key, longest) in LONGEST {
        let text = settings.text(key);
        let long = text.chars().count();
        if text.trim().is_empty() {
            found.wrong(&top.key(key), "must not be empty");
        } else if long > longest {
            let what = format!("has {long} characters; Teams takes {longest}");
            found.wrong(&top.key(key), what);
        }
    }
    let pages = [
        ("website", Some(&settings.website)),
        ("privacy", settings.privacy.as_ref()),
        ("terms", settings.terms.as_ref()),
    ];
    for (key, page) in pages {
        if page.is_some_and(|page| !is_https(page)) {
            found.wrong(&top.key(key), "must be a web page whose address begins with https://");
        }
    }
    if !is_version(&settings.version) {
        found.wrong(&top.key("version"), "must be three numbers with dots: `1.0.0`");
    }
    if settings.domain.as_ref().is_some_and(|domain| !is_host(domain)) {
        let what = "must be a host name alone, such as `chatops.example.com`, without `https://`, \
                    path or `*`";
        found.wrong(&top.key("domain"), what);
    }
    if !is_colour(&settings.accent) {
        found.wrong(&top.key("accent"), "must be a colour like `#0F3D5C`");
    }
}
