//! The SQL dialect: DataFusion's generic one, with `FOR SYSTEM_TIME AS OF`, `name => value` and PostgreSQL's operators on JSON and
//! addresses.

use std::any::TypeId;
use std::sync::LazyLock;

use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::sql::parser::{DFParser, DFParserBuilder};
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::failure::told;
use super::operators::{SUBNET_OR_EQUAL, SUPERNET_OR_EQUAL};
use crate::error::Result;

/// Tighter than arithmetic and comparison, looser than `::` (which has 50).
const JSON_ARROW_PRECEDENCE: u8 = 45;
/// Of operators that ask what JSON or a network holds: tighter than comparison (20), looser than arithmetic (30).
const HOLDS_PRECEDENCE: u8 = 22;

/// A parser of SQL in this dialect.
///
/// # Errors
/// What is no sequence of tokens.
pub(super) fn parser(sql: &str) -> DataFusionResult<DFParser<'_>> {
    DFParserBuilder::new(sql).with_dialect(&*DIALECT).build()
}

/// The tokens of a text, each with how it is written there.
///
/// # Errors
/// What is no sequence of tokens.
pub(super) fn tokens(sql: &str) -> Result<Vec<(&str, Token)>> {
    let tokens = Tokenizer::new(&*DIALECT, sql).with_unescape(false).tokenize_with_location();
    let tokens = tokens.map_err(|error| told(DataFusionError::SQL(Box::new(error.into()), None)))?;
    let lines: Vec<usize> = std::iter::once(0).chain(sql.match_indices('\n').map(|(place, _)| place + 1)).collect();
    let place = |location: Location| {
        let line = lines.get(usize::try_from(location.line).ok()?.checked_sub(1)?)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        let text = sql.get(*line..)?;
        Some(line + text.char_indices().nth(column).map_or(text.len(), |(place, _)| place))
    };
    let starts: Vec<usize> = tokens.iter().map(|token| place(token.span.start).unwrap_or(sql.len())).collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(sql.len()));
    let texts = starts.iter().zip(ends).map(|(start, end)| sql.get(*start..end).unwrap_or_default());
    Ok(texts.zip(tokens).map(|(text, token)| (text, token.token)).collect())
}

static DIALECT: LazyLock<ElavaDialect> = LazyLock::new(ElavaDialect::default);

/// Generic SQL with time travel.
#[derive(Debug, Default)]
pub struct ElavaDialect(GenericDialect);

/// Hands methods on to the generic dialect.
macro_rules! as_generic {
    ($($method:ident),* $(,)?) => {
        $(fn $method(&self) -> bool {
            self.0.$method()
        })*
    };
}

impl Dialect for ElavaDialect {
    /// The parser asks for the generic dialect by its type in places: it is to be taken for it.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn supports_table_versioning(&self) -> bool {
        true
    }

    /// In `jsonb_array_elements(settings)` it is a column, not a clause.
    fn supports_settings(&self) -> bool {
        false
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    /// `tags->>'env' = 'prod'` reads a tag and compares it. Generic SQL would compare first.
    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Arrow | Token::LongArrow | Token::HashArrow | Token::HashLongArrow => Some(Ok(JSON_ARROW_PRECEDENCE)),
            Token::AtArrow | Token::ArrowAt | Token::ShiftLeft | Token::ShiftRight => Some(Ok(HOLDS_PRECEDENCE)),
            _ if question(parser).is_some() => Some(Ok(HOLDS_PRECEDENCE)),
            _ => self.0.get_next_precedence(parser),
        }
    }

    /// `?` between two expressions is an operator. Generic SQL would take it for a parameter, and knows no `<<=` and `>>=`.
    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let (operator, tokens) = question(parser).or_else(|| network(parser))?;
        for _ in 0..tokens {
            parser.advance_token();
        }
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(left.clone()), op: operator, right: Box::new(right) }))
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    /// As in PostgreSQL: in `tags#>>'{a}'` and `tags@>'{}'` an operator begins after the name.
    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch) && !matches!(ch, '#' | '@')
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch) && !matches!(ch, '#' | '@')
    }

    as_generic!(
        supports_unicode_string_literal,
        supports_partition_by_after_order_by,
        supports_array_join_syntax,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_left_associative_joins_without_parens,
        supports_connect_by,
        supports_match_recognize,
        supports_pipe_operator,
        supports_start_transaction_modifier,
        supports_window_function_null_treatment_arg,
        supports_dictionary_syntax,
        supports_window_clause_named_window_reference,
        supports_parenthesized_set_variables,
        supports_select_wildcard_except,
        support_map_literal_syntax,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_extract_comma_syntax,
        supports_create_view_comment_syntax,
        supports_parens_around_table_factor,
        supports_values_as_table_factor,
        supports_create_index_with_clause,
        supports_explain_with_utility_options,
        supports_limit_comma,
        supports_update_order_by,
        supports_from_first_select,
        supports_projection_trailing_commas,
        supports_asc_desc_in_column_definition,
        supports_try_convert,
        supports_bitwise_shift_operators,
        supports_comment_on,
        supports_load_extension,
        supports_named_fn_args_with_assignment_operator,
        supports_struct_literal,
        supports_empty_projections,
        supports_nested_comments,
        supports_multiline_comment_hints,
        supports_user_host_grantee,
        supports_string_escape_constant,
        supports_array_typedef_with_brackets,
        supports_match_against,
        supports_set_names,
        supports_comma_separated_set_assignments,
        supports_filter_during_aggregation,
        supports_select_wildcard_exclude,
        supports_data_type_signed_suffix,
        supports_interval_options,
        supports_quote_delimited_string,
        supports_select_wildcard_replace,
        supports_select_wildcard_ilike,
        supports_select_wildcard_rename,
        supports_optimize_table,
        supports_install,
        supports_detach,
        supports_prewhere,
        supports_with_fill,
        supports_limit_by,
        supports_interpolate,
        supports_select_format,
        supports_comment_optimizer_hint,
        supports_constraint_keyword_without_name,
        supports_key_column_option,
        supports_comma_separated_trim,
        supports_cte_without_as,
        supports_select_item_multi_column_alias,
        supports_xml_expressions,
    );
}

/// The operator `?`, `?|` or `?&` that comes next, and how many tokens it is.
fn question(parser: &Parser<'_>) -> Option<(BinaryOperator, usize)> {
    match (&parser.peek_token_ref().token, &parser.peek_nth_token_ref(1).token) {
        (Token::Placeholder(mark), Token::Pipe) if mark == "?" => Some((BinaryOperator::QuestionPipe, 2)),
        (Token::Placeholder(mark), Token::Ampersand) if mark == "?" => Some((BinaryOperator::QuestionAnd, 2)),
        (Token::Placeholder(mark), _) if mark == "?" => Some((BinaryOperator::Question, 1)),
        _ => None,
    }
}

/// The operator `<<=` or `>>=` that comes next, and how many tokens it is.
fn network(parser: &Parser<'_>) -> Option<(BinaryOperator, usize)> {
    match (&parser.peek_token_ref().token, &parser.peek_nth_token_ref(1).token) {
        (Token::ShiftLeft, Token::Eq) => Some((BinaryOperator::Custom(SUBNET_OR_EQUAL.to_owned()), 2)),
        (Token::ShiftRight, Token::Eq) => Some((BinaryOperator::Custom(SUPERNET_OR_EQUAL.to_owned()), 2)),
        _ => None,
    }
}
