//! The small drawings in boxes: 22 by 22, strokes only.

use crate::picture::placed::geometry::Point;
use crate::picture::shown::diagram::Icon;

/// Draws one with its upper left corner there.
pub(crate) fn draw(icon: Icon, at: Point) -> String {
    let (class, path) = match icon {
        Icon::None => return String::new(),
        Icon::Compute => (
            "compute",
            "M4 4h14v14h-14z M8 8h6v6h-6z M7 4v-3 M11 4v-3 M15 4v-3 M7 18v3 M11 18v3 M15 18v3 \
             M4 7h-3 M4 11h-3 M4 15h-3 M18 7h3 M18 11h3 M18 15h3",
        ),
        Icon::Database => (
            "data",
            "M3 5a8 3 0 0 1 16 0a8 3 0 0 1 -16 0v12a8 3 0 0 0 16 0v-12 M3 11a8 3 0 0 0 16 0",
        ),
        Icon::Function => ("compute", "M5 2h3l8 18h3 M11.5 10l-6.5 10"),
        Icon::Gateway => {
            ("net", "M1 11a10 10 0 0 1 20 0a10 10 0 0 1 -20 0 M6 9h10l-3 -3 M16 13h-10l3 3")
        }
        Icon::Nat => ("net", "M1 11a10 10 0 0 1 20 0a10 10 0 0 1 -20 0 M5 11h11 M12 7l4 4l-4 4"),
        Icon::Balancer => (
            "net",
            "M1 11h5 M6 11a2.5 2.5 0 0 1 5 0a2.5 2.5 0 0 1 -5 0 M10.5 9l6 -5 M11 11h6 M10.5 13l6 5 \
             M17 2h4v4h-4z M17 9h4v4h-4z M17 16h4v4h-4z",
        ),
        Icon::Peering => (
            "net",
            "M1 11a5 5 0 0 1 10 0a5 5 0 0 1 -10 0 M11 11a5 5 0 0 1 10 0a5 5 0 0 1 -10 0 M6 11h10",
        ),
        Icon::Interface => ("net", "M3 6h16v8h-16z M7 14v5 M11 14v5 M15 14v5 M7 10h1 M14 10h1"),
        Icon::Internet => (
            "net",
            "M1 11a10 10 0 0 1 20 0a10 10 0 0 1 -20 0 M1 11h20 M11 1a4.5 10 0 0 0 0 20a4.5 10 0 0 \
             0 0 -20 M3 6h16 M3 16h16",
        ),
        Icon::Service => ("net", "M6 18a5 5 0 0 1 -0.5 -9.9a6 6 0 0 1 11.5 -0.6a5 5 0 0 1 0 10.5z"),
        Icon::Identity => ("identity", "M7 7a4 4 0 0 1 8 0a4 4 0 0 1 -8 0 M3 20a8 7.5 0 0 1 16 0z"),
        Icon::Storage => {
            ("data", "M3 4a8 2.5 0 0 1 16 0a8 2.5 0 0 1 -16 0l2.5 15a5.5 2 0 0 0 11 0l2.5 -15")
        }
        Icon::Log => ("other", "M4 2h10l4 4v14h-14z M7 9h8 M7 13h8 M7 17h5"),
        Icon::Key => {
            ("identity", "M2 11a4.5 4.5 0 0 1 9 0a4.5 4.5 0 0 1 -9 0 M11 11h10 M17 11v4 M20.5 11v3")
        }
        Icon::Other => ("other", "M3 3h16v16h-16z M3 8h16 M8 8v11"),
    };
    let Point { x, y } = at;
    format!("<path class=\"icon {class}\" transform=\"translate({x} {y})\" d=\"{path}\"/>")
}
