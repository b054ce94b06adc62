//! A line of input that supports the same editing keys as a shell.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The typed characters and the position of the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    characters: Vec<char>,
    cursor: usize,
    /// Most recently deleted text. Ctrl-Y inserts it again.
    killed: Vec<char>,
}

impl Line {
    pub(super) fn text(&self) -> String {
        self.characters.iter().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.characters.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    /// Returns the number of characters after the cursor.
    pub(super) fn after_cursor(&self) -> usize {
        self.characters.len() - self.cursor
    }

    /// Inserts text at the cursor. Control characters such as pasted line breaks are replaced with spaces.
    pub(super) fn insert(&mut self, text: &str) {
        let typed = text.chars().map(|character| if character.is_control() { ' ' } else { character });
        let typed: Vec<char> = typed.collect();
        let count = typed.len();
        self.characters.splice(self.cursor..self.cursor, typed);
        self.cursor += count;
    }

    /// Applies an editing key. Returns `false` if the key is not an editing key.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let has = |modifier| key.modifiers.contains(modifier);
        let (control, alt) = (has(KeyModifiers::CONTROL), has(KeyModifiers::ALT));
        let end = self.characters.len();
        match key.code {
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Home => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = end,
            KeyCode::End => self.cursor = end,
            KeyCode::Char('b') if alt => self.cursor = self.word_start(),
            KeyCode::Left if control || alt => self.cursor = self.word_start(),
            KeyCode::Char('f') if alt => self.cursor = self.word_end(),
            KeyCode::Right if control || alt => self.cursor = self.word_end(),
            KeyCode::Char('b') if control => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Char('f') if control => self.cursor = end.min(self.cursor + 1),
            KeyCode::Right => self.cursor = end.min(self.cursor + 1),
            KeyCode::Char('u') if control => self.kill(0, self.cursor),
            KeyCode::Char('k') if control => self.kill(self.cursor, end),
            KeyCode::Char('w') if control => self.kill(self.word_start(), self.cursor),
            KeyCode::Backspace if alt || control => self.kill(self.word_start(), self.cursor),
            KeyCode::Char('d') if alt => self.kill(self.cursor, self.word_end()),
            KeyCode::Char('y') if control => self.insert(&self.killed.iter().collect::<String>()),
            KeyCode::Char('h') if control => self.delete(self.cursor.checked_sub(1)),
            KeyCode::Backspace => self.delete(self.cursor.checked_sub(1)),
            KeyCode::Char('d') if control => self.delete(Some(self.cursor)),
            KeyCode::Delete => self.delete(Some(self.cursor)),
            KeyCode::Char(character) if !control && !alt => self.insert(character.encode_utf8(&mut [0; 4])),
            _ => return false,
        }
        true
    }

    /// Returns the start of the word before the cursor. Words are separated by spaces.
    fn word_start(&self) -> usize {
        let before = &self.characters[..self.cursor];
        let end = before.iter().rposition(|character| *character != ' ').map_or(0, |last| last + 1);
        before[..end].iter().rposition(|character| *character == ' ').map_or(0, |space| space + 1)
    }

    /// Returns the end of the word after the cursor.
    fn word_end(&self) -> usize {
        let after = &self.characters[self.cursor..];
        let start = after.iter().position(|character| *character != ' ').unwrap_or(after.len());
        let length = after[start..].iter().position(|character| *character == ' ');
        self.cursor + length.map_or(after.len(), |length| start + length)
    }

    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.killed = self.characters.drain(from..to).collect();
        }
        self.cursor = from;
    }

    fn delete(&mut self, index: Option<usize>) {
        if let Some(index) = index.filter(|index| *index < self.characters.len()) {
            self.characters.remove(index);
            self.cursor = index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types text: `^x` means Ctrl-X, `~x` Alt-X, and `<` the left arrow key. Returns the line with `|` at
    /// the position of the cursor.
    fn typed(keys: &str) -> String {
        let mut line = Line::default();
        let mut keys = keys.chars();
        while let Some(key) = keys.next() {
            let event = match key {
                '^' => KeyEvent::new(KeyCode::Char(keys.next().unwrap()), KeyModifiers::CONTROL),
                '~' => KeyEvent::new(KeyCode::Char(keys.next().unwrap()), KeyModifiers::ALT),
                '<' => KeyCode::Left.into(),
                '\u{7f}' => KeyCode::Backspace.into(),
                key => KeyCode::Char(key).into(),
            };
            line.press(event);
        }
        let mut text = line.text();
        let at = text.char_indices().nth(line.cursor).map_or(text.len(), |(at, _)| at);
        text.insert(at, '|');
        text
    }

    #[test]
    fn edits_as_shells_do() {
        for (keys, expected) in [
            ("abc", "abc|"),
            ("abc^ax", "x|abc"),
            ("abc^ax^ey", "xabcy|"),
            ("ab cd^u", "|"),
            ("ab cd<<^u", "|cd"),
            ("ab cd<<^k", "ab |"),
            ("ab cd ^w", "ab |"),
            ("ab cd^w^wx", "x|"),
            ("ab cd<^w", "ab |d"),
            ("ab cd^w^y^y", "ab cdcd|"),
            ("ab cd^a~f", "ab| cd"),
            ("ab cd~b", "ab |cd"),
            ("ab cd^a~d", "| cd"),
            ("abc^b^b^f", "ab|c"),
            ("日本\u{7f}", "日|"),
            ("ab^h^h^h", "|"),
            ("ab^a^d", "|b"),
            ("ab^d", "ab|"),
            ("a^zb", "ab|"),
        ] {
            assert_eq!(typed(keys), expected, "{keys}");
        }
    }

    #[test]
    fn pasted_line_breaks_become_spaces() {
        let mut line = Line::default();
        line.insert("a\nb\tc");
        assert_eq!((line.text().as_str(), line.after_cursor()), ("a b c", 0));
    }
}
