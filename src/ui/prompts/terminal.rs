//! Controls the terminal while a prompt is shown: enables raw mode, reads keys and draws the prompt.

use std::io::{self, Write as _};

use crossterm::{
    Command,
    cursor::{Hide, MoveToColumn, MoveUp, Show},
    event::{
        self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
        KeyModifiers,
    },
    terminal::{self, Clear, ClearType},
};
use owo_colors::OwoColorize;
use unicode_width::UnicodeWidthChar as _;

use super::super::{
    live::{Size, cut},
    screen,
};

/// The effect of a key on a prompt.
pub(super) enum Reaction<T> {
    Pending,
    Answered(T),
}

/// A prompt that reacts to keys and renders itself.
pub(super) trait Prompt {
    type Answer;

    fn press(&mut self, key: KeyEvent) -> Reaction<Self::Answer>;

    fn paste(&mut self, text: &str);

    fn frame(&self, size: Size) -> Frame;

    /// Returns the line that remains on the terminal after the question has been answered.
    fn answered(&self) -> Vec<Span>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Mark,
    Hint,
    Answer,
    Problem,
}

/// Text in a single style, without line breaks or escape sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    pub(super) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }

    fn painted(&self, has_colors: bool) -> String {
        let text = &self.text;
        match self.style {
            Style::Plain => text.clone(),
            _ if !has_colors || text.is_empty() => text.clone(),
            Style::Mark => text.green().bold().to_string(),
            Style::Hint => text.dimmed().to_string(),
            Style::Answer => text.cyan().to_string(),
            Style::Problem => text.red().to_string(),
        }
    }
}

/// The appearance of a prompt.
pub(super) struct Frame {
    /// The question and the input, which wrap at the width of the terminal.
    pub(super) head: Vec<Span>,
    /// Number of characters of `head` that follow the cursor. `None` hides the cursor.
    pub(super) after_cursor: Option<usize>,
    /// Lines below the question, which are truncated at the width of the terminal.
    pub(super) rows: Vec<Span>,
}

/// Shows a prompt until it is answered. Returns `None` if the user presses Ctrl-C, Escape, or Ctrl-D without input.
///
/// # Errors
///
/// Fails if the terminal cannot be read or written.
pub(super) fn show<P: Prompt>(mut prompt: P, has_colors: bool) -> io::Result<Option<P::Answer>> {
    let mut terminal = RawTerminal::start(has_colors)?;
    loop {
        terminal.draw(&prompt.frame(screen::size()))?;
        match event::read()? {
            Event::Paste(text) => prompt.paste(&text),
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let key = with_enter(key);
                if is_cancel(key) {
                    terminal.finish(&prompt.frame(screen::size()).head)?;
                    return Ok(None);
                }
                if let Reaction::Answered(answer) = prompt.press(key) {
                    terminal.finish(&prompt.answered())?;
                    return Ok(Some(answer));
                }
            }
            _ => {}
        }
    }
}

/// Converts a line break that was typed before the prompt, while the terminal was in line mode, to the Enter key.
/// Returns other keys unchanged.
fn with_enter(key: KeyEvent) -> KeyEvent {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('j' | 'm') if is_control => KeyCode::Enter.into(),
        KeyCode::Char('\n' | '\r') => KeyCode::Enter.into(),
        _ => key,
    }
}

fn is_cancel(key: KeyEvent) -> bool {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.code == KeyCode::Esc || (is_control && key.code == KeyCode::Char('c'))
}

/// Restores the terminal if a prompt is shown.
pub(crate) fn restore_terminal() {
    if terminal::is_raw_mode_enabled().unwrap_or(false) {
        // The terminal may already be closed.
        let _ = crossterm::execute!(io::stderr(), Show, DisableBracketedPaste);
        let _ = terminal::disable_raw_mode();
    }
}

/// A terminal in raw mode. Dropping the value restores the terminal.
struct RawTerminal {
    has_colors: bool,
    /// Row of the cursor, relative to the first row of the prompt.
    cursor_row: usize,
}

impl RawTerminal {
    fn start(has_colors: bool) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let terminal = Self { has_colors, cursor_row: 0 };
        crossterm::execute!(io::stderr(), EnableBracketedPaste)?;
        Ok(terminal)
    }

    /// Redraws the prompt over its previous contents.
    fn draw(&mut self, frame: &Frame) -> io::Result<()> {
        let size = screen::size();
        let after_cursor = frame.after_cursor.unwrap_or_default();
        let mut layout = Layout::new(&frame.head, after_cursor, size.width, self.has_colors);
        let rows = frame.rows.iter().map(|row| {
            let text = cut(&row.text, size.width).into_owned();
            Span { text, style: row.style }.painted(self.has_colors)
        });
        layout.rows.extend(rows);
        let mut text = self.erased();
        push(&mut text, &Hide);
        text += &layout.rows.join("\r\n");
        push_up(&mut text, layout.rows.len() - 1 - layout.cursor_row);
        push(&mut text, &MoveToColumn(u16::try_from(layout.cursor_column).unwrap_or(u16::MAX)));
        if frame.after_cursor.is_some() {
            push(&mut text, &Show);
        }
        self.cursor_row = layout.cursor_row;
        write(&text)
    }

    /// Replaces the prompt with its final line.
    fn finish(&mut self, line: &[Span]) -> io::Result<()> {
        let layout = Layout::new(line, 0, screen::size().width, self.has_colors);
        let text = format!("{}{}\r\n", self.erased(), layout.rows.join("\r\n"));
        self.cursor_row = 0;
        write(&text)
    }

    /// Returns the escape sequences that erase the prompt.
    fn erased(&self) -> String {
        let mut text = String::new();
        push_up(&mut text, self.cursor_row);
        push(&mut text, &MoveToColumn(0));
        push(&mut text, &Clear(ClearType::FromCursorDown));
        text
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore_terminal();
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes())?;
    stderr.flush()
}

fn push(text: &mut String, command: &impl Command) {
    // Writing to a string cannot fail.
    let _ = command.write_ansi(text);
}

fn push_up(text: &mut String, rows: usize) {
    if rows > 0 {
        push(text, &MoveUp(u16::try_from(rows).unwrap_or(u16::MAX)));
    }
}

/// The characters of a row, each with its style.
type Row = Vec<(char, Style)>;

/// A layout of spans in rows. Rows break between words if possible.
struct Layout {
    rows: Vec<String>,
    cursor_row: usize,
    cursor_column: usize,
}

impl Layout {
    fn new(spans: &[Span], after_cursor: usize, width: usize, has_colors: bool) -> Self {
        let width = width.max(1);
        let characters: Vec<(char, Style)> = spans
            .iter()
            .flat_map(|span| span.text.chars().map(|character| (character, span.style)))
            .collect();
        let cursor = characters.len().saturating_sub(after_cursor);
        let columns = |characters: &[(char, Style)]| -> usize {
            characters.iter().map(|(character, _)| character.width().unwrap_or_default()).sum()
        };
        let (mut rows, mut row, mut used): (Vec<Row>, Row, usize) = Default::default();
        let (mut cursor_row, mut cursor_column) = (0, 0);
        for (index, &(character, style)) in characters.iter().enumerate() {
            let is_word_start = character != ' ' && (index == 0 || characters[index - 1].0 == ' ');
            let word = characters[index..].iter().take_while(|(character, _)| *character != ' ').count();
            let word = columns(&characters[index..index + word]);
            let needed = if is_word_start && word <= width { word } else { columns(&[(character, style)]) };
            if used > 0 && used + needed > width {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            if index == cursor {
                (cursor_row, cursor_column) = (rows.len(), used);
            }
            row.push((character, style));
            used += columns(&[(character, style)]);
        }
        rows.push(row);
        if cursor == characters.len() {
            // After a full row, the cursor is at the start of the next row.
            if used >= width {
                rows.push(Vec::new());
                used = 0;
            }
            (cursor_row, cursor_column) = (rows.len() - 1, used);
        }
        let rows = rows.iter().map(|row| painted(row, has_colors)).collect();
        Self { rows, cursor_row, cursor_column }
    }
}

/// Joins consecutive characters that have the same style.
fn painted(row: &[(char, Style)], has_colors: bool) -> String {
    let parts = row.chunk_by(|(_, left), (_, right)| left == right);
    parts
        .map(|part| {
            let text: String = part.iter().map(|(character, _)| character).collect();
            Span { text, style: part[0].1 }.painted(has_colors)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_lines_between_words_and_tracks_the_cursor() {
        let layout = |text: &str, after_cursor, width| {
            let layout = Layout::new(&[Span::new(Style::Plain, text)], after_cursor, width, false);
            (layout.rows.join("/"), layout.cursor_row, layout.cursor_column)
        };
        for (text, after, width, expected) in [
            ("? Name: ab", 0, 20, ("? Name: ab", 0, 10)),
            ("? Name: ab", 2, 20, ("? Name: ab", 0, 8)),
            ("? Name: ab", 0, 9, ("? Name: /ab", 1, 2)),
            ("? Name: ab", 2, 9, ("? Name: /ab", 1, 0)),
            ("abcd", 0, 4, ("abcd/", 1, 0)),
            ("abcdef", 1, 4, ("abcd/ef", 1, 1)),
            ("日本語", 0, 5, ("日本/語", 1, 2)),
            ("", 0, 5, ("", 0, 0)),
        ] {
            let (rows, row, column) = layout(text, after, width);
            assert_eq!((rows.as_str(), row, column), expected, "{text:?} {after} {width}");
        }
    }
}
