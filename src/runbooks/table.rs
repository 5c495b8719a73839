//! A table as lines of text, its columns below each other. Pure.

use unicode_width::UnicodeWidthStr as _;

use crate::names::is_invisible;

/// A wider cell is cut: a phone shows forty columns.
const WIDEST: usize = 60;

/// More rows or columns are left out, and said so.
const MOST: usize = 100;

/// A table on its way.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn begin_row(&mut self) {
        self.0.push(vec![]);
    }

    pub(super) fn cell(&mut self, text: &str) {
        let plain: String =
            text.trim().chars().filter(|c| !is_invisible(*c)).take(WIDEST).collect();
        if let Some(row) = self.0.last_mut().filter(|row| row.len() < MOST) {
            row.push(plain);
        }
    }

    /// Its lines; the first row is set off from the others.
    pub(super) fn drawn(mut self) -> String {
        let left_out = self.0.len().saturating_sub(MOST);
        self.0.truncate(MOST);
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines = vec![];
        for (number, row) in self.0.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
            });
            lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
            if number == 0 {
                let rule = widths.iter().map(|width| "-".repeat(*width));
                lines.push(rule.collect::<Vec<_>>().join("  "));
            }
        }
        if left_out > 0 {
            lines.push(format!("… and {left_out} more rows"));
        }
        lines.join("\n")
    }
}
