//! The same cards in the terminal.

use pilothouse::chat::console::{
    draw::{Line, draw},
    drawing::Drawing,
};

use super::samples;

#[test]
fn every_sample_looks_as_it_did_in_the_terminal() {
    for (sample, card) in samples::drawn() {
        let drawing = Drawing::read(&card);
        let boxes: Vec<String> = [80, 120]
            .map(|columns| draw(&drawing, 7, columns).iter().map(Line::text).collect::<Vec<_>>())
            .map(|lines| lines.join("\n"))
            .into();
        insta::assert_snapshot!(sample.name.as_str(), boxes.join("\n\n"));
    }
}
