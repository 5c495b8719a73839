//! Paints the screen.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line as Painted, Span},
    widgets::Paragraph,
};

use super::{
    draw::{WIDEST, draw},
    screen::{Entry, Screen},
    text::{clean, clean_line, cut, width, wrap},
    tone::Tone,
};

impl Screen {
    /// Paints everything, and keeps the place of whoever has scrolled up.
    pub fn paint(&mut self, frame: &mut Frame<'_>) {
        let rows = [Constraint::Min(1), Constraint::Length(1), Constraint::Length(1)];
        let [above, hint, line] = Layout::vertical(rows).areas(frame.area());
        self.paint_transcript(frame, above);
        let text = cut(&self.hint(), usize::from(hint.width));
        let style = Style::new().add_modifier(Modifier::REVERSED);
        let text =
            format!("{text}{}", " ".repeat(usize::from(hint.width).saturating_sub(width(&text))));
        frame.render_widget(Paragraph::new(Span::styled(text, style)), hint);
        self.paint_line(frame, line);
    }

    fn paint_transcript(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        let lines = self.lines(columns);
        if self.below > 0 {
            self.below += lines.len().saturating_sub(self.painted.0);
        }
        self.below = self.below.min(lines.len().saturating_sub(rows));
        self.painted = (lines.len(), rows);
        let end = lines.len() - self.below;
        let visible = lines[end.saturating_sub(rows)..end].to_vec();
        frame.render_widget(Paragraph::new(visible), area);
    }

    fn paint_line(&self, frame: &mut Frame<'_>, area: Rect) {
        let prompt = cut(&format!("{} › ", self.who), usize::from(area.width / 2));
        let room = usize::from(area.width).saturating_sub(width(&prompt) + 1).max(1);
        let scroll = self.input.visual_scroll(room);
        let before = u16::try_from(width(&prompt)).unwrap_or(0);
        let prompt_style = Style::new().add_modifier(Modifier::BOLD);
        frame.render_widget(Paragraph::new(Span::styled(prompt, prompt_style)), area);
        let left = Rect { x: area.x + before, width: area.width.saturating_sub(before), ..area };
        let sideways = u16::try_from(scroll).unwrap_or(u16::MAX);
        frame.render_widget(
            Paragraph::new(clean_line(self.input.value())).scroll((0, sideways)),
            left,
        );
        let cursor = self.input.visual_cursor().saturating_sub(scroll);
        let x = left.x.saturating_add(u16::try_from(cursor).unwrap_or(u16::MAX));
        frame.set_cursor_position(Position::new(x.min(area.right().saturating_sub(1)), area.y));
    }

    fn hint(&self) -> String {
        if let Some(asking) = &self.asking {
            return format!(" {}", asking.question());
        }
        let scrolled = if self.below > 0 { "↓ PgDn · " } else { "" };
        format!(
            " {scrolled}as {} · /help · 1 presses the first button · 2:1 that of card 2 · PgUp · Ctrl-C \
             ends · as NAME",
            self.who
        )
    }

    fn lines(&self, columns: usize) -> Vec<Painted<'static>> {
        let mut lines = vec![];
        for entry in &self.entries {
            match entry {
                Entry::Spoke(who, text) => {
                    lines.push(Painted::default());
                    say(&mut lines, &format!("{who} › "), text, (Tone::Strong, columns));
                }
                Entry::Answered(text) => {
                    say(&mut lines, "Pilothouse › ", text, (Tone::Plain, columns));
                }
                Entry::Refused(why) => {
                    say(&mut lines, "Pilothouse › ✗ ", why, (Tone::Warning, columns));
                }
                Entry::Card(number) => {
                    let Some(card) = self.cards.number(*number) else { continue };
                    for line in draw(&card.drawing, *number, columns) {
                        let spans =
                            line.0.into_iter().map(|(text, tone)| Span::styled(text, style(tone)));
                        lines.push(Painted::from(spans.collect::<Vec<_>>()));
                    }
                }
            }
        }
        lines
    }
}

fn say(
    lines: &mut Vec<Painted<'static>>,
    before: &str,
    text: &str,
    (tone, columns): (Tone, usize),
) {
    let indent = width(before);
    let room = columns.min(WIDEST).saturating_sub(indent);
    for (index, line) in wrap(&clean(text), room).into_iter().enumerate() {
        let start = if index == 0 { before.to_owned() } else { " ".repeat(indent) };
        let start = Span::styled(start, style(Tone::Faint));
        lines.push(Painted::from(vec![start, Span::styled(line, style(tone))]));
    }
}

/// Colours a terminal's owner has chosen to be readable; light and dark alike.
fn style(tone: Tone) -> Style {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    match tone {
        Tone::Plain => Style::new(),
        Tone::Strong => bold,
        Tone::Faint => Style::new().add_modifier(Modifier::DIM),
        Tone::Good => bold.fg(Color::Green),
        Tone::Attention => bold.fg(Color::Red),
        Tone::Warning => bold.fg(Color::Yellow),
        Tone::Accent => bold.fg(Color::Cyan),
        Tone::Button => bold.fg(Color::Blue),
    }
}
