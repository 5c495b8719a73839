//! The plan of the house, kept true: which room may know which, and how big a room may get.

use std::{fs, path::Path};

use crate::code::{files, files_of, rooms_seen};

/// Every room and the rooms it may look into; it may only look at rooms above it in this list.
const PLAN: &[(&str, &[&str])] = &[
    ("names", &[]),
    ("calendar", &["names"]),
    ("clock", &[]),
    ("secrets", &[]),
    ("telemetry", &["secrets"]),
    ("store", &[]),
    ("outside", &[]),
    ("outbound", &["clock", "outside", "secrets"]),
    ("greeting", &["outbound"]),
    ("markdown", &["names"]),
    ("cards", &["markdown", "secrets"]),
    ("vendors", &["clock", "greeting", "names", "outbound", "outside", "secrets"]),
    ("access", &["clock", "names", "outbound", "vendors"]),
    ("jobs", &["clock", "store"]),
    ("audit", &["access", "cards", "clock", "jobs", "names", "secrets", "store"]),
    ("hooks", &["clock", "jobs", "names", "outbound", "secrets", "store", "vendors"]),
    (
        "pipelines",
        &["clock", "greeting", "hooks", "names", "outbound", "outside", "secrets", "vendors"],
    ),
    ("health", &["clock", "names", "outbound", "outside", "secrets", "vendors"]),
    (
        "chat",
        &[
            "access", "cards", "clock", "greeting", "jobs", "names", "outbound", "outside",
            "secrets", "store", "vendors",
        ],
    ),
    (
        "oncall",
        &[
            "access", "audit", "calendar", "cards", "chat", "clock", "jobs", "names", "outbound",
            "secrets", "store", "vendors",
        ],
    ),
    (
        "runbooks",
        &["access", "audit", "cards", "chat", "clock", "jobs", "names", "pipelines", "store"],
    ),
    ("telling", &["clock", "jobs", "names", "outbound", "secrets", "store", "vendors"]),
    (
        "deployments",
        &[
            "access",
            "audit",
            "calendar",
            "cards",
            "chat",
            "clock",
            "health",
            "jobs",
            "names",
            "outbound",
            "pipelines",
            "store",
            "telling",
        ],
    ),
    (
        "alerts",
        &[
            "access", "audit", "cards", "chat", "clock", "greeting", "hooks", "jobs", "names",
            "outbound", "outside", "secrets", "store", "vendors",
        ],
    ),
    (
        "pushes",
        &[
            "access",
            "audit",
            "clock",
            "deployments",
            "hooks",
            "jobs",
            "names",
            "outbound",
            "outside",
            "pipelines",
            "secrets",
            "store",
        ],
    ),
    (
        "incidents",
        &[
            "access",
            "audit",
            "cards",
            "chat",
            "clock",
            "deployments",
            "jobs",
            "names",
            "store",
            "outbound",
            "vendors",
        ],
    ),
    (
        "commands",
        &[
            "access",
            "alerts",
            "audit",
            "calendar",
            "cards",
            "chat",
            "clock",
            "deployments",
            "health",
            "incidents",
            "names",
            "oncall",
            "runbooks",
            "store",
        ],
    ),
    ("web", &["alerts", "chat", "pipelines", "pushes", "store"]),
    (
        "config",
        &[
            "access",
            "alerts",
            "audit",
            "calendar",
            "chat",
            "clock",
            "commands",
            "deployments",
            "health",
            "hooks",
            "incidents",
            "names",
            "oncall",
            "outbound",
            "pipelines",
            "pushes",
            "runbooks",
            "secrets",
            "vendors",
            "telling",
        ],
    ),
    (
        "app",
        &[
            "access",
            "alerts",
            "audit",
            "calendar",
            "cards",
            "chat",
            "clock",
            "commands",
            "deployments",
            "health",
            "hooks",
            "incidents",
            "jobs",
            "names",
            "oncall",
            "outbound",
            "pipelines",
            "pushes",
            "runbooks",
            "store",
            "telling",
            "vendors",
        ],
    ),
    (
        "cli",
        &[
            "access",
            "alerts",
            "app",
            "audit",
            "cards",
            "chat",
            "clock",
            "commands",
            "config",
            "deployments",
            "greeting",
            "health",
            "incidents",
            "names",
            "oncall",
            "outbound",
            "pipelines",
            "pushes",
            "runbooks",
            "secrets",
            "store",
            "telemetry",
            "web",
            "telling",
        ],
    ),
];

/// Files that decide and never act.
const PURE: &[&str] = &[
    "buttons",
    "course",
    "deployment",
    "forecast",
    "freezes/mod",
    "freezes/settings",
    "gates/mod",
    "gates/rules",
    "gates/words",
    "history",
    "hold",
    "list",
    "locks/lock",
    "locks/view",
    "mine",
    "plan",
    "refusal",
    "standing",
    "state",
    "status/view",
    "wording",
];

/// The same in the room of alerts.
const PURE_OF_ALERTS: &[&str] = &[
    "acts", "alert", "board", "buttons", "heard", "list", "severity", "silence", "storm",
    "telling", "view",
];

/// The same, of incidents.
const PURE_OF_INCIDENTS: &[&str] = &[
    "counterpart",
    "document",
    "export",
    "incident",
    "list",
    "number",
    "reminder",
    "state",
    "timeline",
    "view",
];

/// A longer file has more than one thing to say.
const LONGEST_FILE: usize = 350;

#[test]
fn rooms_only_look_where_the_plan_lets_them() {
    for (room, allowed) in PLAN {
        for (file, text) in files_of(room) {
            for seen in rooms_seen(&text) {
                assert!(
                    seen == *room || allowed.contains(&seen.as_str()),
                    "{file} looks into `{seen}`, but the plan gives `{room}` only {allowed:?}"
                );
            }
        }
    }
}

#[test]
fn the_plan_has_no_circles() {
    for (index, (room, allowed)) in PLAN.iter().enumerate() {
        for seen in *allowed {
            let above = PLAN[..index].iter().any(|(above, _)| above == seen);
            assert!(above, "`{room}` looks down into `{seen}`");
        }
    }
}

#[test]
fn every_room_is_on_the_plan() {
    for entry in fs::read_dir("src").unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let known =
            ["lib", "main"].contains(&name.as_str()) || PLAN.iter().any(|(room, _)| *room == name);
        assert!(known, "`{name}` is not on the plan");
    }
}

#[test]
fn files_that_decide_do_not_act() {
    let deployments = PURE.iter().map(|name| format!("src/deployments/{name}.rs"));
    let alerts = PURE_OF_ALERTS.iter().map(|name| format!("src/alerts/{name}.rs"));
    let incidents = PURE_OF_INCIDENTS.iter().map(|name| format!("src/incidents/{name}.rs"));
    for name in deployments.chain(alerts).chain(incidents) {
        let text = fs::read_to_string(&name).unwrap();
        for deed in ["async ", "sqlx", "reqwest", "tokio", ".now()"] {
            assert!(!text.contains(deed), "{name} should be pure, but contains `{deed}`");
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for folder in ["src", "tests"] {
        for (file, text) in files(Path::new(folder)) {
            let lines = text.lines().count();
            assert!(lines <= LONGEST_FILE, "{file} has {lines} lines");
        }
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for (file, text) in files(Path::new("src")) {
        assert!(text.starts_with("//! "), "{file} does not say what it is for");
    }
}

#[test]
fn nothing_is_left_undone_or_allowed() {
    for (file, text) in files(Path::new("src")) {
        for word in ["todo!(", "unimplemented!(", "#[allow(", "FIXME", "dbg!("] {
            assert!(!text.contains(word), "{file} contains `{word}`");
        }
    }
}
