//! Codes about YAML syntax.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    YAML_ENCODING = Entry {
        name: "yaml-encoding",
        severity: Error,
        title: "the file is not UTF-8, or has a character that YAML forbids",
        meaning: "A YAML file is UTF-8 text without control characters.",
        example: "",
        fix: "Save the file as UTF-8 and remove the character at the place shown.",
    };
    YAML_SYNTAX = Entry {
        name: "yaml-syntax",
        severity: Error,
        title: "the file is not YAML",
        meaning: "The structure of the file cannot be read from the place shown on. Mostly it is the indentation, a \
                  missing quote, or a comment that goes on in the next line without its `#`.",
        example: "deployments:\n- name: default\n   entrypoint: flow.py:hello   # indented too far",
        fix: "Correct the place shown or the line before it. A project file holds one document: no second `---`.",
    };
    YAML_ALIAS = Entry {
        name: "yaml-alias",
        severity: Error,
        title: "an anchor or alias cannot be used",
        meaning: "`*name` stands for the value that `&name` marks earlier in the file. The anchor is missing, \
                  defined twice, or around its own alias.",
        example: "build: *image   # no `&image` before this",
        fix: "Define every anchor once and before its first alias. Quote a text that begins with `*` or `&`.",
    };
    YAML_LIMIT = Entry {
        name: "yaml-limit",
        severity: Error,
        title: "the file is nested too deep or expands to too much",
        meaning: "Collections inside collections, and aliases of aliases, have limits, so that a small file cannot \
                  take all memory.",
        example: "",
        fix: "Write the values out, or nest them less.",
    };
    YAML_TAG = Entry {
        name: "yaml-tag",
        severity: Error,
        title: "a tag is not supported",
        meaning: "Prefect reads the safe part of YAML, which has no tags for objects of a program.",
        example: "version: !Ref Version",
        fix: "Remove the tag, or put a text that begins with `!` in quotes.",
    };
    YAML_VALUE = Entry {
        name: "yaml-value",
        severity: Error,
        title: "a value cannot be read or sent",
        meaning: "YAML 1.1 gives some plain words a type: dates, numbers with `:`, a bare `=`. The value shown looks \
                  like one of these and is none, or is a number that the API has no room for.",
        example: "version: 2024-13-45",
        fix: "Put the value in quotes to make it text.",
    };
    YAML_KEY = Entry {
        name: "yaml-key",
        severity: Error,
        title: "something cannot be the key of a mapping",
        meaning: "A key is a text or a number. Most often this is a placeholder without quotes, which YAML takes for \
                  a mapping inside a mapping.",
        example: "image: {{ build-image.image }}",
        fix: "Put a value that begins with `{{` in quotes: `image: \"{{ build-image.image }}\"`.",
    };
    MERGE_CONFLICT = Entry {
        name: "merge-conflict",
        severity: Warning,
        title: "merged mappings disagree about a key",
        meaning: "With `<<: [*a, *b]` the first mapping that has a key wins: the YAML specification says so, and PyYAML \
                  does the same except for release 6.0.4, where the last one wins. The deployment depends on the \
                  release that is installed beside Prefect.",
        example: "small: &small {cpu: 1}\nlarge: &large {cpu: 4}\njob_variables:\n  <<: [*small, *large]",
        fix: "Set the key in the mapping itself, or in only one of the merged mappings.",
    };
    DUPLICATE_KEY = Entry {
        name: "duplicate-key",
        severity: Warning,
        title: "a mapping has a key twice",
        meaning: "The later value counts, and the earlier one is lost without a word.",
        example: "work_pool:\n  name: staging\n  name: production",
        fix: "Remove one of the two.",
    };
}
