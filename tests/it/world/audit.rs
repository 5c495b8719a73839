//! What the audit of a story says.

use super::Bot;

impl Bot {
    /// The audit, as `who action outcome`, oldest first.
    pub async fn audit(&self) -> Vec<String> {
        use sqlx::Row;
        let rows = sqlx::query("SELECT actor_name, action, outcome FROM audit ORDER BY seq")
            .fetch_all(self.app.foundation.db.reader())
            .await
            .unwrap();
        let text = |row: &sqlx::any::AnyRow, column| row.try_get::<String, _>(column).unwrap();
        let line = |row| {
            format!("{} {} {}", text(row, "actor_name"), text(row, "action"), text(row, "outcome"))
        };
        rows.iter().map(line).collect()
    }
}
