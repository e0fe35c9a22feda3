use super::*;

fn split(script: &str) -> Vec<(usize, &str)> {
    let statements = split_statements(script);
    statements.iter().map(|statement| (statement.line, statement.text)).collect()
}

#[test]
fn statements_carry_the_line_they_begin_on() {
    assert_eq!(split("select 1;\n\n  select\n 2 ;;\n-- done\nselect 3"), [(1, "select 1"), (3, "select\n 2"), (6, "select 3")]);
    assert_eq!(split("a;b;\r\nc"), [(1, "a"), (1, "b"), (2, "c")]);
    assert_eq!(split("-- one\n/* two\n*/ select 1;"), [(3, "select 1")]);
}

#[test]
fn semicolons_inside_are_no_separators() {
    for statement in [
        "select ';', 'it''s; fine'",
        "select \"a;b\" from t",
        "select `a;b` from t",
        "select 1 -- ; not here\n + 2",
        "select /* ; /* nested ; */ ; */ 1",
        "select $$ ; ' $$, $tag$ ; $$ ; $tag$",
        "select E'\\'; still'",
        "select 'two\nlines;'",
        "select N'a;b', X'3b', r'a;b\\'",
        "select 'ü;', \"日本;\"",
    ] {
        let script = format!("{statement};select 2;");
        let line = statement.matches('\n').count() + 1;
        assert_eq!(split(&script), [(1, statement), (line, "select 2")]);
    }
}

#[test]
fn nothing_is_no_statement() {
    for script in ["", " \n\t", ";", " ;; ; ", "-- only this", "/* only\nthis */ ;"] {
        assert_eq!(split(script), [], "{script:?}");
    }
}

#[test]
fn unreadable_text_is_passed_on_whole() {
    assert_eq!(split("select 1; select 'open; select 2;\nselect 3"), [(1, "select 1"), (1, "select 'open; select 2;\nselect 3")]);
    assert_eq!(split("select 1;\n/* open ;"), [(1, "select 1"), (2, "/* open ;")]);
}

#[test]
fn pieces_cover_the_text_without_a_gap() {
    for text in [
        "select a.b, 'é' from \"Ü\" where x >= 1.5;\r\n-- end\n",
        "select 'open",
        "/*! select 1; */ select 2",
        "select $1, $$x$$ /* ü */ ; ",
        "日本;\n\n;語",
    ] {
        let pieces = pieces(text);
        let joined: String = pieces.iter().map(|piece| piece.text).collect();
        assert_eq!(joined, text);
        let mut start = 0;
        for piece in pieces {
            assert_eq!(piece.start, start);
            start += piece.text.len();
        }
    }
}

#[test]
fn a_statement_is_complete_with_its_semicolon() {
    for text in [
        "select 1;",
        "select 1; select 2;",
        "select (1);",
        "select 1; -- trailing",
        "select ')';",
        "",
        "  \n",
        "-- a comment",
        "select 1); ",
        "select ';' ;",
        "select $$;$$;",
    ] {
        assert_eq!(completeness(text), Completeness::Complete, "{text:?}");
    }
}

#[test]
fn a_statement_is_incomplete_while_something_is_open() {
    for text in [
        "select 1",
        "select 1; select",
        "select 'a;",
        "select 'a\n;",
        "select \"a;",
        "select `a;",
        "select (1;",
        "select /* ;",
        "select /* /* */ ;",
        "select 1 -- ;",
        "select $$ ;",
        "select $tag$ $$ ;",
        "select E'\\';",
        "select N'a;",
        "select U&'a;",
    ] {
        assert_eq!(completeness(text), Completeness::Incomplete, "{text:?}");
    }
}
