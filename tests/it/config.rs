//! The configuration file.
use pilothouse::config::{self, Secrets};
#[test]
fn dump() {
    let d = std::fs::read_to_string("/tmp/probe.yaml").unwrap_or_default();
    for t in d.split("=====\n") {
        let c = config::check_text("p.yaml", t, Secrets::Leave);
        println!("--\n{}\n{}", t, c.mistakes);
    }
    std::fs::write("/tmp/probe-schema.json", serde_json::to_string_pretty(&config::schema()).unwrap()).unwrap();
}
