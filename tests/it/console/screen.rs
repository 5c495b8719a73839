//! What keys do, and what is painted.

use pilothouse::{
    cards::{Card, Renderer},
    chat::console::{
        Shown,
        drawing::Drawing,
        screen::{Act, Screen},
    },
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use super::{deployment, form, waiting};

fn types(screen: &mut Screen, line: &str) -> Act {
    for letter in line.chars() {
        let _ = screen.key(KeyEvent::from(KeyCode::Char(letter)));
    }
    screen.key(KeyEvent::from(KeyCode::Enter))
}

fn shown_card(message: &str, card: &Card) -> Shown {
    let card = Renderer::new().unwrap().render("teams", card).unwrap().unwrap();
    Shown::Card { message: message.to_owned(), subject: None, drawing: Drawing::read(&card) }
}

fn painted(screen: &mut Screen, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| screen.paint(frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_number_presses_a_button_of_the_newest_or_of_the_named_card() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &waiting()));
    screen.take(shown_card("b", &deployment("Monitoring…", "accent", &[("Cancel", "/cancel")])));
    screen.take(shown_card("c", &deployment("Deploy complete!", "good", &[])));
    assert_eq!(types(&mut screen, "1"), Act::Say("/cancel".to_owned()));
    assert_eq!(types(&mut screen, "1:2"), Act::Say("/decline 8f2c91d4".to_owned()));
    assert_eq!(types(&mut screen, "press approve"), Act::Say("/approve 8f2c91d4".to_owned()));
    assert_eq!(types(&mut screen, "3:1"), Act::Nothing);
    assert_eq!(types(&mut screen, "0"), Act::Nothing);
    assert_eq!(types(&mut screen, "99999999999999999999999"), Act::Say("9".repeat(23)));
    assert!(painted(&mut screen, 80, 40).contains("Card 3 has no button 1 now."));
}

#[test]
fn a_card_changes_in_place_and_the_screen_shows_who_speaks() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &waiting()));
    assert_eq!(types(&mut screen, "/help"), Act::Say("/help".to_owned()));
    screen.take(shown_card("a", &deployment("Deploy complete!", "good", &[])));
    assert_eq!(types(&mut screen, "as bob"), Act::Sit("bob".to_owned()));
    screen.seated(Ok("bob"));
    insta::assert_snapshot!(painted(&mut screen, 60, 14));
}

#[test]
fn a_button_with_inputs_asks_for_each_and_esc_gives_up() {
    let mut screen = Screen::new("alice");
    screen.take(shown_card("a", &form()));
    assert_eq!(types(&mut screen, "1"), Act::Nothing);
    assert!(
        painted(&mut screen, 90, 20)
            .contains("environment: 1 staging | 2 production (now staging)")
    );
    assert_eq!(types(&mut screen, "moon"), Act::Nothing);
    assert!(painted(&mut screen, 90, 20).contains("environment is one of staging, production."));
    assert_eq!(types(&mut screen, "2"), Act::Nothing);
    assert_eq!(types(&mut screen, "v2.1.0"), Act::Nothing);
    let said = "/deploy \"production\" \"v2.1.0\"";
    assert_eq!(types(&mut screen, ""), Act::Say(said.to_owned()));
    assert_eq!(types(&mut screen, "1"), Act::Nothing);
    let _ = screen.key(KeyEvent::from(KeyCode::Esc));
    assert_eq!(types(&mut screen, "hello"), Act::Say("hello".to_owned()));
}

#[test]
fn the_up_key_brings_lines_back_and_ctrl_c_or_ctrl_d_ends() {
    let mut screen = Screen::new("alice");
    let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    for line in ["one", "two"] {
        let _ = types(&mut screen, line);
    }
    for code in [KeyCode::Char('x'), KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down] {
        let _ = screen.key(KeyEvent::from(code));
    }
    assert_eq!(types(&mut screen, "!"), Act::Say("two!".to_owned()));
    let _ = screen.key(KeyEvent::from(KeyCode::Char('x')));
    assert_eq!(screen.key(control('d')), Act::Nothing, "it deletes while something is typed");
    assert_eq!(screen.key(control('c')), Act::End);
    let _ = screen.key(control('u'));
    assert_eq!(screen.key(control('d')), Act::End);
}

#[test]
fn who_has_scrolled_up_keeps_their_place_when_something_is_shown() {
    let mut screen = Screen::new("alice");
    for number in 0..50 {
        screen.take(Shown::Said(format!("line {number}.")));
    }
    assert!(painted(&mut screen, 80, 12).contains("line 49."));
    let _ = screen.key(KeyEvent::from(KeyCode::PageUp));
    let before = painted(&mut screen, 80, 12);
    assert!(before.contains("line 40.") && !before.contains("line 49."), "{before}");
    screen.take(Shown::Said("and another".to_owned()));
    assert_eq!(painted(&mut screen, 80, 12), before);
    for _ in 0..100 {
        let _ = screen.key(KeyEvent::from(KeyCode::PageUp));
    }
    assert!(painted(&mut screen, 80, 12).contains("line 0."));
}
