//! How a run went over time, as a picture (SVG) that needs nothing beside itself.
//!
//! ```text
//!   devices ┤        ┌──────┐          ┌──────
//!           │   ┌────┘      │      ┌───┘          in session
//!           │  /            └──────┘              on their way
//!           └──┴───────┴───────┴───────┴── s
//! ```

use std::fmt::Write;

use homing_proto::netconf::text::escaped;

use super::curve::Point;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 44.0;
/// Marks on an axis, about.
const MARKS: f64 = 6.0;

/// A line of the picture.
struct Line {
    what: &'static str,
    color: &'static str,
    of: fn(&Point) -> usize,
}

const LINES: [Line; 2] = [
    Line { what: "in session", color: "#1a7f37", of: |point| point.up },
    Line { what: "on their way", color: "#bf8700", of: |point| point.on_their_way },
];

/// The picture of `points`, under `title`.
#[must_use]
pub fn svg(title: &str, points: &[Point]) -> String {
    let most = points.iter().map(|point| point.up.max(point.on_their_way)).max().unwrap_or(0);
    let (step_x, end_x) = scale(points.last().map_or(0.0, |point| point.at_s));
    let (step_y, end_y) = scale(most as f64);
    let x = |seconds: f64| LEFT + seconds / end_x * (WIDTH - LEFT - RIGHT);
    let y = |count: f64| HEIGHT - BOTTOM - count / end_y * (HEIGHT - TOP - BOTTOM);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#57606a\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        escaped(title)
    );
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"18\" font-size=\"14\" fill=\"#24292f\">{}</text>",
        escaped(title)
    );
    for mark in marks(step_x, end_x) {
        let (at, top, bottom) = (x(mark), TOP, HEIGHT - BOTTOM);
        let _ = writeln!(
            out,
            "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#eaeef2\"/><text x=\"{at:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{mark} s</text>",
            bottom + 18.0
        );
    }
    for mark in marks(step_y, end_y) {
        let (at, right) = (y(mark), WIDTH - RIGHT);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#eaeef2\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{mark}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    for (index, line) in LINES.iter().enumerate() {
        let _ = writeln!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>",
            path(points, line.of, &x, &y),
            line.color
        );
        let from = LEFT + 120.0 * index as f64;
        let _ = writeln!(
            out,
            "<path d=\"M{from} 32h18\" stroke=\"{}\" stroke-width=\"3\"/><text x=\"{}\" y=\"36\">{}</text>",
            line.color,
            from + 24.0,
            line.what
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Steps: each value stays until the next one.
fn path(
    points: &[Point],
    of: fn(&Point) -> usize,
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
) -> String {
    let mut path = format!("M{:.1} {:.1}", x(0.0), y(0.0));
    let mut before = 0;
    for (index, point) in points.iter().enumerate() {
        let value = of(point);
        if value == before && index + 1 < points.len() {
            continue;
        }
        let _ = write!(path, "H{:.1}V{:.1}", x(point.at_s), y(value as f64));
        before = value;
    }
    path
}

/// The distance of marks, and where the axis ends.
fn scale(most: f64) -> (f64, f64) {
    let rough = (most / MARKS).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|it| it * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough).max(1e-3);
    (step, (most / step).ceil().max(1.0) * step)
}

fn marks(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0_u32..)
        .map(move |index| (f64::from(index) * step * 1e3).round() / 1e3)
        .take_while(move |mark| *mark <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at_s: f64, up: usize) -> Point {
        Point { at_s, up, on_their_way: 10_000 - up }
    }

    #[test]
    fn marks_are_round_numbers_and_cover_everything() {
        assert_eq!(scale(10_000.0), (2_000.0, 10_000.0));
        assert_eq!(scale(37.0), (10.0, 40.0));
        assert_eq!(marks(10.0, 40.0).collect::<Vec<_>>(), [0.0, 10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn the_picture_is_well_formed_and_says_what_it_shows() {
        let points: Vec<Point> =
            (0..100).map(|second| point(f64::from(second), second as usize * 100)).collect();
        let svg = svg("10,000 devices & <more>", &points);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for wanted in ["in session", "on their way", "10,000 devices &amp; &lt;more&gt;", ">8000<"]
        {
            assert!(svg.contains(wanted), "{wanted}: {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_run_without_a_point_has_a_picture() {
        assert!(!svg("nothing", &[]).contains("NaN"));
    }
}
