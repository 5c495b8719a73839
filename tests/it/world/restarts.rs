//! The process ends, and another begins on the same database.

use std::time::Duration;

use pilothouse::app::{App, Foundation, World};

use super::{Bot, world};

impl Bot {
    /// The process ends without a word, and another begins on the same database.
    pub async fn restarts(self) -> Self {
        self.restarts_in(|_| {}).await
    }

    /// The rules are changed, and the bot started anew with them.
    pub async fn restarts_with(self, services: &str) -> Self {
        Self { services: services.to_owned(), ..self }.restarts().await
    }

    /// The same, and somebody has lost the role of an approver.
    pub async fn restarts_without(self, who: &str) -> Self {
        let leaves = |world: &mut World| {
            let role = world.access.roles.get_mut(&"approver".parse().unwrap()).unwrap();
            role.people.retain(|person| person.as_str() != who);
        };
        self.restarts_in(leaves).await
    }

    /// The same, in a world that has changed meanwhile.
    pub async fn restarts_in(self, change: impl FnOnce(&mut World)) -> Self {
        self.app.foundation.db.close().await;
        let Self { app, pipeline, health, chat, clock, database, services, said } = self;
        drop(app);
        // On PostgreSQL, a lease that was held by the dead process has to run out.
        clock.advance(Duration::from_secs(61));
        let mut world = world(&services, &pipeline, &health, &chat, (&database, &clock));
        change(&mut world);
        let foundation = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let app = App::build(foundation, world).await.unwrap();
        Self { app, pipeline, health, chat, clock, database, services, said }
    }
}
