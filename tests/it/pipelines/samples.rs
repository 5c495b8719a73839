//! The pipelines that people are given to begin with.

const SAMPLES: [(&str, &str); 4] = [
    ("GitHub Actions", include_str!("../../../deploy/github/pilothouse-deploy.yml")),
    ("GitLab", include_str!("../../../deploy/gitlab/pilothouse-deploy.gitlab-ci.yml")),
    ("Azure DevOps", include_str!("../../../deploy/azure-devops/pilothouse-deploy.yml")),
    ("Jenkins", include_str!("../../../deploy/jenkins/Jenkinsfile")),
];

#[test]
fn each_takes_everything_it_would_be_told() {
    let inputs = serde_json::to_value(pilothouse::pipelines::Inputs::default()).unwrap();
    for (vendor, sample) in SAMPLES {
        let words: Vec<&str> = sample.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for name in inputs.as_object().unwrap().values() {
            let name = name.as_str().unwrap();
            assert!(words.contains(&name), "the sample for {vendor} does not know `{name}`");
        }
    }
}

#[test]
fn those_in_yaml_are_yaml() {
    for (vendor, sample) in SAMPLES.iter().filter(|(vendor, _)| *vendor != "Jenkins") {
        let parsed = serde_saphyr::from_str::<serde_json::Value>(sample);
        assert!(parsed.is_ok_and(|yaml| yaml.is_object()), "the sample for {vendor}");
    }
}
