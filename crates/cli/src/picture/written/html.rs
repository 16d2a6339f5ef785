//! A picture as a page of its own: a panel tells what is behind the box that was chosen.

use super::facts::Facts;
use super::svg;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page. Nothing in it comes from elsewhere, and its own policy forbids that it does.
pub(crate) fn page(title: &str, picture: &str, facts: &Facts) -> String {
    let title = svg::escape(title);
    let picture_style = svg::style();
    let facts = json(facts);
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'; script-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{title}</title>
<style>
{picture_style}{STYLE}</style>
</head>
<body>
<main>
{picture}</main>
<aside id=\"panel\" aria-label=\"Details\" tabindex=\"-1\" hidden></aside>
<script type=\"application/json\" id=\"facts\">{facts}</script>
<script>
{SCRIPT}</script>
</body>
</html>
"
    )
}

/// JSON that cannot end the element that it stands in.
fn json(facts: &Facts) -> String {
    let text = serde_json::to_string(facts).unwrap_or_else(|_| "{}".to_owned());
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
