//! Hooks in the configuration: what the example only mentions, and which pipelines a hook is about.

use pilothouse::{
    config::{self, Secrets},
    names::PipelineName,
    pushes,
};

const EXAMPLE: &str = include_str!("../../../deploy/pilothouse.example.yaml");

fn read(text: &str) -> config::Checked {
    config::check_text("pilothouse.yaml", text, Secrets::Leave)
}

#[test]
fn every_hook_the_example_only_mentions_is_right_as_well() {
    let (_, hooks) = EXAMPLE.split_once("\nhooks:\n").unwrap();
    let (hooks, _) = hooks.split_once("\n\n").unwrap();
    // A name alone, or what stands two further in.
    let is_key = |line: &&str| {
        line.strip_prefix("  # ").is_some_and(|rest| {
            let name = rest.trim_start().split(':').next().unwrap_or_default();
            let deep = rest.len() - rest.trim_start().len();
            let known = ["kind", "secret", "token", "header", "basic", "pipelines"].contains(&name);
            (deep == 0 && rest.ends_with(':') && !rest.contains(' ')) || (deep == 2 && known)
        })
    };
    let lines = hooks.lines().filter(is_key).map(|line| line.replacen("# ", "", 1));
    let text = format!("hooks:\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    let checked = read(&text.replace("pipelines: [jenkins]", "pipelines: []"));
    assert_eq!(checked.mistakes.to_string(), "", "in\n{text}");
    assert_eq!(checked.config.unwrap().hooks.len(), 4, "in\n{text}");
}

#[test]
fn a_hook_is_about_every_pipeline_of_its_kind_unless_it_names_some() {
    let text = "
pipelines:
  local: {kind: command, program: /bin/true}
  gitlab: {kind: gitlab, url: 'https://gitlab.com', project: a/b, token: env:TOKEN}
  other: {kind: gitlab, url: 'https://gitlab.com', project: a/c, token: env:TOKEN}
hooks:
  gitlab: {kind: gitlab, secret: env:ONE}
  one: {kind: gitlab, secret: env:ONE, pipelines: [other]}
  any: {kind: bearer, token: env:ONE}
";
    let checked = read(text);
    let config = checked.config.unwrap_or_else(|| panic!("{}", checked.mistakes));
    let meant = pushes::meant(&pushes::resolved(&config.hooks, &config.pipelines));
    let names = |hook: &str| -> Vec<&str> {
        meant[&hook.parse().unwrap()].iter().map(PipelineName::as_str).collect()
    };
    assert_eq!(names("gitlab"), ["gitlab", "other"]);
    assert_eq!(names("one"), ["other"]);
    assert_eq!(names("any"), ["gitlab", "local", "other"]);
}
