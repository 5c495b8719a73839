//! Whether Jenkins would build the job now: asked without building anything.

use super::{Jenkins, answers::Job};
use crate::{
    greeting::Greeting,
    pipelines::{InputName, common::with},
};

impl Jenkins {
    pub(super) async fn greeted(&self) -> Vec<Greeting> {
        let tree = [("tree", "buildable,property[parameterDefinitions[name]]")];
        let Ok(url) = self.url(&["api", "json"]) else { return vec![] };
        match self.server.ask::<Job>(with(url, &tree)).await {
            Ok(job) => vec![
                self.standing(&job),
                Greeting::unseen(
                    "whether the user may build the job cannot be seen from here: it needs \
                     Job/Build and Job/Cancel",
                ),
            ],
            Err(error) if error.status() == Some(404) => vec![Greeting::bad(
                format!("Jenkins shows this user no job {}", self.job),
                "Compare `job` with its address, and give the user Job/Read and Job/Build",
            )],
            Err(error) => vec![error.greeting()],
        }
    }

    fn standing(&self, job: &Job) -> Greeting {
        if job.buildable == Some(false) {
            return Greeting::bad(
                format!("the job {} is disabled at Jenkins", self.job),
                "Enable it there",
            );
        }
        let declared = job.declares();
        let mut names = self.inputs.names().map(InputName::as_str);
        match names.find(|name| !declared.contains(name)) {
            Some(name) => Greeting::bad(
                format!("the job {} at Jenkins has no parameter `{name}`", self.job),
                "Declare it there, or name another under `inputs`",
            ),
            None => Greeting::ok(format!("job {}, with every parameter it is told", self.job)),
        }
    }
}
