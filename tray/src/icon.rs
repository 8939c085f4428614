//! The icon's pictures: one shape per kind of state, drawn here, in white with a dark rim so that they show on any panel.
//!
//! Shapes and not colours tell the states apart. No picture counts, blinks or says what a person feels.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A flame.
    Ready,
    /// Two bars.
    Paused,
    /// A padlock.
    Locked,
    /// A disc with an exclamation mark.
    Attention,
}

/// Pixels along which a point is tried, in each direction.
const FINE: u16 = 4;
/// Width of the rim, as a part of the picture's width.
const RIM: f32 = 0.055;
/// Directions in which the rim reaches out of the shape.
const AROUND: [(f32, f32); 8] = [
    (1.0, 0.0),
    (0.707, 0.707),
    (0.0, 1.0),
    (-0.707, 0.707),
    (-1.0, 0.0),
    (-0.707, -0.707),
    (0.0, -1.0),
    (0.707, -0.707),
];
const FILL: u16 = 255;
const RIM_SHADE: u16 = 28;
/// How much of what lies behind the rim it covers, of 255.
const RIM_COVER: u16 = 220;

/// The picture as RGBA, row by row, `pixels` wide and high. Transparent where there is nothing.
pub fn draw(shape: Shape, pixels: u16) -> Vec<u8> {
    let mut rgba = Vec::with_capacity(usize::from(pixels) * usize::from(pixels) * 4);
    for y in 0..pixels {
        for x in 0..pixels {
            rgba.extend(pixel(shape, x, y, pixels));
        }
    }
    rgba
}

fn pixel(shape: Shape, x: u16, y: u16, pixels: u16) -> [u8; 4] {
    let at = |cell: u16, part: u16| (f32::from(cell * FINE + part) + 0.5) / f32::from(pixels * FINE);
    let (mut filled, mut rimmed) = (0, 0);
    for j in 0..FINE {
        for i in 0..FINE {
            let (u, v) = (at(x, i), at(y, j));
            if contains(shape, u, v) {
                filled += 1;
            } else if AROUND.iter().any(|(dx, dy)| contains(shape, u + dx * RIM, v + dy * RIM)) {
                rimmed += 1;
            }
        }
    }
    let points = FINE * FINE;
    let (fill, rim) = (filled * 255 / points, rimmed * RIM_COVER / points);
    let cover = fill + rim;
    if cover == 0 {
        return [0; 4];
    }
    let shade = (u32::from(fill) * u32::from(FILL) + u32::from(rim) * u32::from(RIM_SHADE)) / u32::from(cover);
    let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    [byte(shade), byte(shade), byte(shade), byte(cover.into())]
}

/// Whether the point belongs to the shape; the picture reaches from 0 to 1, downwards and to the right.
fn contains(shape: Shape, x: f32, y: f32) -> bool {
    match shape {
        Shape::Ready => flame(x, y, FLAME) && !flame(x, y, HEART),
        Shape::Paused => round_box(x, y, 0.32, 0.5, 0.11, 0.34) || round_box(x, y, 0.68, 0.5, 0.11, 0.34),
        Shape::Locked => padlock(x, y),
        Shape::Attention => {
            // The mark is narrower than two rims, so that the rim fills it and it is dark on every panel.
            let mark = (x - 0.5).abs() < 0.055 && (0.24..0.58).contains(&y);
            let dot = distance(x, y, 0.5, 0.72) < 0.06;
            distance(x, y, 0.5, 0.5) < 0.41 && !mark && !dot
        }
    }
}

/// A drop with its tip upwards, swaying.
#[derive(Clone, Copy)]
struct Drop {
    tip: f32,
    foot: f32,
    width: f32,
}

const FLAME: Drop = Drop { tip: 0.06, foot: 0.93, width: 0.33 };
const HEART: Drop = Drop { tip: 0.5, foot: 0.85, width: 0.13 };

fn flame(x: f32, y: f32, drop: Drop) -> bool {
    let down = (y - drop.tip) / (drop.foot - drop.tip);
    if !(0.0..1.0).contains(&down) {
        return false;
    }
    // Widest at two thirds, where the factor brings the curve to 1.
    let half = drop.width * 2.7 * down.powf(1.1) * (1.0 - down).sqrt();
    let sway = 0.3 * drop.width * (down * std::f32::consts::TAU).sin() * (1.0 - down);
    (x - 0.5 - sway).abs() < half
}

fn padlock(x: f32, y: f32) -> bool {
    let bow = distance(x, y, 0.5, 0.34);
    let shackle =
        if y < 0.34 { (0.14..0.24).contains(&bow) } else { y < 0.5 && (0.14..0.24).contains(&(x - 0.5).abs()) };
    let body = round_box(x, y, 0.5, 0.68, 0.33, 0.24);
    let keyhole = distance(x, y, 0.5, 0.64) < 0.075 || ((x - 0.5).abs() < 0.035 && (0.64..0.8).contains(&y));
    shackle || (body && !keyhole)
}

/// Around a middle, as far as `half_width` and `half_height`: a smaller box, and what is near it.
fn round_box(x: f32, y: f32, middle_x: f32, middle_y: f32, half_width: f32, half_height: f32) -> bool {
    let corner = 0.07;
    let dx = ((x - middle_x).abs() - half_width + corner).max(0.0);
    let dy = ((y - middle_y).abs() - half_height + corner).max(0.0);
    dx.hypot(dy) < corner
}

fn distance(x: f32, y: f32, to_x: f32, to_y: f32) -> f32 {
    (x - to_x).hypot(y - to_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 4] = [Shape::Ready, Shape::Paused, Shape::Locked, Shape::Attention];

    /// Rows of a picture at 22 pixels: `#` where it is light, `.` where it is dark, a space where there is nothing.
    fn rows(shape: Shape) -> Vec<String> {
        let sign = |pixel: &[u8]| match (pixel[0], pixel[3]) {
            (_, 0..64) => ' ',
            (128.., _) => '#',
            _ => '.',
        };
        draw(shape, 22).chunks(22 * 4).map(|row| row.chunks(4).map(sign).collect()).collect()
    }

    fn count(shape: Shape, sign: char) -> usize {
        rows(shape).concat().chars().filter(|&found| found == sign).count()
    }

    #[test]
    fn every_picture_has_light_and_dark_enough_for_both_kinds_of_panel() {
        for shape in SHAPES {
            for pixels in [22_u16, 44] {
                assert_eq!(draw(shape, pixels).len(), usize::from(pixels) * usize::from(pixels) * 4);
            }
            assert!(count(shape, '#') >= 60, "{shape:?}\n{}", rows(shape).join("\n"));
            assert!(count(shape, '.') >= 40, "{shape:?}\n{}", rows(shape).join("\n"));
        }
    }

    #[test]
    fn nothing_is_cut_off_at_the_edge() {
        for shape in SHAPES {
            let rows = rows(shape);
            let edge = rows.iter().flat_map(|row| [row.chars().next(), row.chars().last()]).flatten();
            let ends = [&rows[0], &rows[21]].into_iter().flat_map(|row| row.chars());
            assert!(edge.chain(ends).all(|sign| sign != '#'), "{shape:?}\n{}", rows.join("\n"));
        }
    }

    #[test]
    fn the_shapes_differ_at_a_glance() {
        for (one, other) in
            SHAPES.iter().enumerate().flat_map(|(at, one)| SHAPES[..at].iter().map(move |other| (*one, *other)))
        {
            let differing =
                rows(one).concat().chars().zip(rows(other).concat().chars()).filter(|(a, b)| a != b).count();
            assert!(differing > 100, "{one:?} and {other:?} differ in {differing} of 484 pixels");
        }
    }

    #[test]
    fn pictures_have_no_colour() {
        for shape in SHAPES {
            assert!(draw(shape, 22).chunks(4).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
        }
    }
}
