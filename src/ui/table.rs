//! Tables, which all lists share.

use comfy_table::{
    Table,
    presets::{NOTHING, UTF8_FULL_CONDENSED},
};

/// A table with a line for each row.
pub(crate) fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    table.add_rows(rows);
    table.to_string()
}

/// Names with what they mean beside them, which is folded where the terminal is too narrow.
pub(crate) fn listing(rows: impl IntoIterator<Item = [String; 2]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows.into_iter().map(|[name, meaning]| [format!(" {name}"), meaning]));
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
