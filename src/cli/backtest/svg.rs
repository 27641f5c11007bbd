//! Drawing: a frame with axes, lines, bars and dots as SVG text. Colours are classes of the page's style, so that one drawing serves light
//! and dark; text keeps its size because each figure is drawn once for wide and once for narrow screens. Called by `figures`.

/// Room for labels around the plot, in pixels.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 42.0;
/// Distance wanted between two ticks.
const TICK_PIXELS: f64 = 44.0;

/// Room for a word of two syllables.
const WORD_PIXELS: f64 = 64.0;

/// Values to pixels.
#[derive(Clone, Copy)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    pub fn at(&self, value: f64) -> f64 {
        self.start + (value - self.from) / (self.to - self.from) * (self.end - self.start)
    }
}

/// One drawing under construction.
pub struct Drawing {
    width: f64,
    height: f64,
    body: String,
    pub x: Scale,
    pub y: Scale,
    /// Between two ticks of y.
    y_step: f64,
}

impl Drawing {
    /// `x` and `y` are the ranges of values; `y` begins at 0 and ends at a round number above the given one.
    pub fn new(width: f64, height: f64, x: (f64, f64), y_max: f64) -> Drawing {
        let y_step = round_step(y_max.max(1e-9), ((height - TOP - BOTTOM) / TICK_PIXELS).max(2.0));
        let y_end = (y_max.max(1e-9) / y_step - 1e-9).ceil() * y_step;
        Drawing {
            width,
            height,
            body: String::new(),
            x: Scale { from: x.0, to: if x.1 > x.0 { x.1 } else { x.0 + 1.0 }, start: LEFT, end: width - RIGHT },
            y: Scale { from: 0.0, to: y_end, start: height - BOTTOM, end: TOP },
            y_step,
        }
    }

    /// Horizontal lines with their values, and the name of the axis above them.
    pub fn y_axis(&mut self, label: impl Fn(f64) -> String) {
        let count = (self.y.to / self.y_step).round() as u32;
        for tick in 0..=count {
            let value = f64::from(tick) * self.y_step;
            let y = self.y.at(value);
            let class = if tick == 0 { "base" } else { "grid" };
            self.put(&format!("<line class=\"{class}\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", self.x.start, self.x.end));
            self.text(LEFT - 8.0, y + 4.0, "end", "tick", &label(value));
        }
    }

    /// A label below the axis.
    pub fn x_tick(&mut self, value: f64, label: &str) {
        let (x, y) = (self.x.at(value), self.height - BOTTOM + 18.0);
        self.text(x, y, "middle", "tick", label);
    }

    /// The name of the horizontal axis.
    pub fn x_name(&mut self, name: &str) {
        let x = (self.x.start + self.x.end) / 2.0;
        self.text(x, self.height - 6.0, "middle", "name", name);
    }

    pub fn line(&mut self, points: impl Iterator<Item = (f64, f64)>, class: &str) {
        let (x, y) = (self.x, self.y);
        let path: Vec<String> = points.map(|(at, value)| format!("{:.1},{:.1}", x.at(at), y.at(value))).collect();
        if path.len() > 1 {
            self.put(&format!("<polyline class=\"line {class}\" points=\"{}\"/>", path.join(" ")));
        }
    }

    /// From the base line up; `hint` shows on hovering.
    pub fn bar(&mut self, from: f64, to: f64, value: f64, class: &str, hint: &str) {
        let (left, right, top) = (self.x.at(from), self.x.at(to), self.y.at(value));
        let (width, height) = ((right - left).max(0.5), (self.y.start - top).max(0.0));
        self.put(&format!(
            "<rect class=\"bar {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"1.5\"><title>{}</title></rect>",
            escape(hint)
        ));
    }

    pub fn dot(&mut self, at: f64, value: f64, class: &str, hint: &str) {
        let (x, y) = (self.x.at(at), self.y.at(value));
        self.put(&format!("<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{}</title></circle>", escape(hint)));
    }

    /// The plot from `from` on in another shade, with a word at its top.
    pub fn shade(&mut self, from: f64, word: &str) {
        let (left, right) = (self.x.at(from), self.x.end);
        let height = self.y.start - self.y.end;
        self.put(&format!(
            "<rect class=\"shade\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            self.y.end,
            right - left
        ));
        self.put(&format!("<line class=\"split\" x1=\"{left:.1}\" x2=\"{left:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>", self.y.end, self.y.start));
        let (at, anchor) = if right - left < WORD_PIXELS { (left - 6.0, "end") } else { (left + 6.0, "start") };
        self.text(at, self.y.end + 13.0, anchor, "tick", word);
    }

    pub fn text(&mut self, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
        self.put(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escape(text)));
    }

    /// `class` says for which screens it is; `name` is what a screen reader says.
    pub fn finish(self, class: &str, name: &str) -> String {
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {0:.0} {1:.0}\" width=\"{0:.0}\" height=\"{1:.0}\" role=\"img\" aria-label=\"{2}\">{3}</svg>\n",
            self.width,
            self.height,
            escape(name),
            self.body
        )
    }

    fn put(&mut self, text: &str) {
        self.body.push_str(text);
    }
}

/// 1, 2 or 5 times a power of ten: the least that divides `range` into at most `parts`.
fn round_step(range: f64, parts: f64) -> f64 {
    let rough = range / parts;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// For text and attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_a_round_number_above_the_largest_value_and_have_their_ticks_inside() {
        for (max, end) in [(99.0, 100.0), (101.0, 120.0), (6.4, 8.0), (0.93, 1.0), (1.0, 1.0), (4_343.0, 5_000.0)] {
            let mut drawing = Drawing::new(460.0, 300.0, (0.0, 1.0), max);
            assert!((drawing.y.to - end).abs() < 1e-9 * end, "{max}: {}", drawing.y.to);
            drawing.y_axis(|value| value.to_string());
            assert_eq!(drawing.body.matches("class=\"base\"").count(), 1);
            assert!(!drawing.body.contains("y1=\"-"), "a tick above the frame for {max}: {}", drawing.body);
        }
        assert_eq!([round_step(100.0, 4.0), round_step(7.0, 4.0), round_step(0.9, 5.0)], [50.0, 2.0, 0.2]);
    }

    #[test]
    fn names_from_files_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">&</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }
}
