//! A prompt that is answered by selecting a row of a list. Typing filters the rows.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    super::live::{Size, columns, cut, padded},
    line::Line,
    terminal::{Frame, Prompt, Reaction, Span, Style},
};

/// Maximum number of visible rows.
const MAX_ROWS: usize = 10;
/// Number of terminal lines that are not used for rows.
const RESERVED_LINES: usize = 4;
/// Maximum width of a cell.
const MAX_CELL_WIDTH: usize = 60;

/// A question that is answered by selecting a row.
pub(super) struct Menu {
    question: String,
    /// All rows. The last is the opt-out row.
    rows: Vec<String>,
    has_opt_out: bool,
    filter: Line,
    /// Position of the highlighted row among the rows that match the filter.
    current: usize,
}

impl Menu {
    pub(super) fn new(question: String, rows: Vec<String>, opt_out: Option<String>) -> Self {
        let has_opt_out = opt_out.is_some();
        let rows = rows.into_iter().chain(opt_out).collect();
        Self { question, rows, has_opt_out, filter: Line::default(), current: 0 }
    }

    /// Returns the indices of the rows that match the filter.
    fn matching(&self) -> Vec<usize> {
        let filter = self.filter.text().to_lowercase();
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.to_lowercase().contains(filter.trim())).map(|(index, _)| index).collect()
    }

    fn instructions(&self) -> &'static str {
        if self.has_opt_out {
            "[Use arrows to move; enter to select; n to select none]"
        } else {
            "[Use arrows to move; enter to select]"
        }
    }

    fn head(&self) -> Vec<Span> {
        vec![Span::new(Style::Mark, "? "), Span::new(Style::Plain, format!("{} ", self.question))]
    }
}

impl Prompt for Menu {
    type Answer = usize;

    fn press(&mut self, key: KeyEvent) -> Reaction<usize> {
        let matching = self.matching();
        let count = matching.len().max(1);
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => {
                return matching.get(self.current).map_or(Reaction::Pending, |row| Reaction::Answered(*row));
            }
            // Prefect uses the same key. Row names that start with `n` can be filtered by other characters of the name.
            KeyCode::Char('n') if self.has_opt_out && self.filter.is_empty() && !is_control => {
                self.current = self.rows.len() - 1;
                return Reaction::Answered(self.current);
            }
            KeyCode::Up => self.current = (self.current + count - 1) % count,
            KeyCode::Char('p') if is_control => self.current = (self.current + count - 1) % count,
            KeyCode::Down => self.current = (self.current + 1) % count,
            KeyCode::Char('n') if is_control => self.current = (self.current + 1) % count,
            KeyCode::PageUp => self.current = self.current.saturating_sub(MAX_ROWS),
            KeyCode::PageDown => self.current = (self.current + MAX_ROWS).min(count - 1),
            KeyCode::Home => self.current = 0,
            KeyCode::End => self.current = count - 1,
            _ => {
                if self.filter.press(key) {
                    self.current = 0;
                }
            }
        }
        Reaction::Pending
    }

    fn paste(&mut self, text: &str) {
        self.filter.insert(text);
        self.current = 0;
    }

    fn frame(&self, size: Size) -> Frame {
        let mut head = self.head();
        head.push(Span::new(Style::Hint, self.instructions()));
        if !self.filter.is_empty() {
            head.push(Span::new(Style::Plain, format!(" {}", self.filter.text())));
        }
        let matching = self.matching();
        let visible = MAX_ROWS.min(size.height.saturating_sub(RESERVED_LINES)).max(1);
        let first = (self.current + 1).saturating_sub(visible);
        let rows = matching.iter().enumerate().skip(first).take(visible).map(|(position, index)| {
            let (mark, style) =
                if position == self.current { ("> ", Style::Answer) } else { ("  ", Style::Plain) };
            Span::new(style, format!("{mark}{}", self.rows[*index]))
        });
        let mut rows: Vec<Span> = rows.collect();
        let hidden = matching.len().saturating_sub(rows.len());
        if matching.is_empty() {
            rows.push(Span::new(Style::Problem, "  no row matches; press Ctrl-U to show all"));
        } else if hidden > 0 {
            rows.push(Span::new(Style::Hint, format!("  {hidden} more; type to filter")));
        }
        Frame { head, after_cursor: None, rows }
    }

    fn answered(&self) -> Vec<Span> {
        // The opt-out key selects its row regardless of the filter.
        let row = self.matching().get(self.current).and_then(|index| self.rows.get(*index));
        let mut head = self.head();
        head.extend(row.map(|row| Span::new(Style::Answer, row)));
        head
    }
}

/// Aligns the cells of all rows in columns. Long cells are truncated.
pub(super) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let short = |cell: &String| cut(cell.lines().next().unwrap_or_default(), MAX_CELL_WIDTH).into_owned();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(short).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 80, height: 24 };

    fn menu(opt_out: Option<&str>) -> Menu {
        let rows = ["etl  a.py", "load  b.py", "nightly  c.py"].map(str::to_owned);
        Menu::new("Which?".to_owned(), rows.into(), opt_out.map(str::to_owned))
    }

    fn press(menu: &mut Menu, keys: &[KeyCode]) -> Option<usize> {
        keys.iter().find_map(|key| match menu.press((*key).into()) {
            Reaction::Answered(row) => Some(row),
            Reaction::Pending => None,
        })
    }

    #[test]
    fn selects_rows_with_arrows_filters_and_the_opt_out_key() {
        use KeyCode::{Backspace, Char, Down, Enter, Up};
        for (opt_out, keys, expected) in [
            (None, &[Enter][..], Some(0)),
            (None, &[Down, Down, Down, Down, Enter], Some(1)),
            (None, &[Up, Enter], Some(2)),
            (Some("No"), &[Up, Enter], Some(3)),
            (Some("No"), &[Char('n')], Some(3)),
            (None, &[Char('n'), Enter], Some(2)),
            (Some("No"), &[Char('l'), Char('O'), Enter], Some(1)),
            (Some("No"), &[Char('i'), Char('n')], None),
            (None, &[Char('x'), Enter], None),
            (None, &[Char('x'), Backspace, Enter], Some(0)),
        ] {
            assert_eq!(press(&mut menu(opt_out), keys), expected, "{opt_out:?} {keys:?}");
        }
    }

    #[test]
    fn shows_as_many_rows_as_fit() {
        let rows: Vec<String> = (0..30).map(|row| format!("row {row}")).collect();
        let mut menu = Menu::new("Which?".to_owned(), rows, None);
        let texts = |menu: &Menu, height| -> Vec<String> {
            menu.frame(Size { height, ..SIZE }).rows.into_iter().map(|row| row.text).collect()
        };
        assert_eq!(texts(&menu, 7), ["> row 0", "  row 1", "  row 2", "  27 more; type to filter"]);
        assert_eq!(texts(&menu, 40).len(), MAX_ROWS + 1);
        press(&mut menu, &[KeyCode::Up]);
        assert_eq!(texts(&menu, 7), ["  row 27", "  row 28", "> row 29", "  27 more; type to filter"]);
        press(&mut menu, &[KeyCode::Char('x')]);
        assert_eq!(texts(&menu, 7), ["  no row matches; press Ctrl-U to show all"]);
    }

    #[test]
    fn aligns_rows_and_cuts_long_cells() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let long = "x".repeat(70);
        let rows = [row(&["hello", "a.py:hello", "one\ntwo"]), row(&["日本", "b.py:e", &long])];
        let cut = format!("{}…", "x".repeat(59));
        assert_eq!(aligned(&rows), ["hello  a.py:hello  one", &format!("日本   b.py:e      {cut}")]);
        assert!(aligned(&[]).is_empty());
    }
}
