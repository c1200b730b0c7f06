//! How detectors want a picture laid into their frame, and the way back. Three conventions are in use, each with its own
//! rounding; a wrong one moves every box a little.

use fast_image_resize::{FilterType, ResizeAlg};
use tator_domain::PixelBox;

use crate::error::Error;
use crate::frame::{Normalise, Placement};
use crate::picture::Picture;

/// Grey of the rest of a frame, as all YOLOs have it.
const PADDING: usize = 114;

/// How a picture fills the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Stretched over it.
    Stretch,
    /// In the top left corner; sides truncated, the way back by the one ratio (YOLOX `preproc`).
    TopLeft,
    /// In the middle; sides rounded half to even, the way back by each side's own ratio (Ultralytics `LetterBox`).
    Centred,
}

/// Order in which the planes of colour stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    Rgb,
    Bgr,
}

/// The frame of a network and how a picture gets into it.
#[derive(Debug, Clone)]
pub(crate) struct Framing {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fit: Fit,
    pub(crate) colours: Colours,
    /// Of red, green, blue, whatever the order of the planes.
    pub(crate) normalise: Normalise,
    /// Smoothed when made smaller, as PIL and torchvision do it and OpenCV does not.
    pub(crate) antialias: bool,
}

/// Where a picture lies in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lie {
    pub(crate) placement: Placement,
    /// Columns of the frame left of it.
    pub(crate) left: u32,
    /// Rows of the frame above it.
    pub(crate) top: u32,
    width: u32,
    height: u32,
    frame: [u32; 2],
}

impl Lie {
    /// Width and height of the frame.
    pub(crate) fn frame(&self) -> [u32; 2] {
        self.frame
    }

    /// From pixels of the frame to pixels of the picture.
    pub(crate) fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let (left, top) = (f64::from(self.left), f64::from(self.top));
        ((x - left) / self.placement.scale_x, (y - top) / self.placement.scale_y)
    }

    /// The box between two corners in the frame, in pixels of the picture; it may reach beyond the picture.
    pub(crate) fn corners(&self, [x0, y0, x1, y1]: [f32; 4]) -> PixelBox {
        let (x0, y0) = self.point(x0.into(), y0.into());
        let (x1, y1) = self.point(x1.into(), y1.into());
        PixelBox { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
    }

    /// The box of a centre and sides in the frame, in pixels of the picture.
    pub(crate) fn centred(&self, [x, y, w, h]: [f32; 4]) -> PixelBox {
        self.corners([x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0])
    }

    /// The box of a centre and sides in shares of the picture, as DETRs that stretch say it.
    pub(crate) fn unit_centred(&self, [x, y, w, h]: [f32; 4]) -> PixelBox {
        let (width, height) = (self.placement.width.into(), self.placement.height.into());
        PixelBox::from_unit_centre(x.into(), y.into(), w.into(), h.into(), width, height)
    }
}

impl Framing {
    /// Values of one picture.
    pub(crate) fn len(&self) -> usize {
        3 * self.width as usize * self.height as usize
    }

    /// Where a picture of this size comes to lie.
    pub(crate) fn lie(&self, width: u32, height: u32) -> Lie {
        let (w, h) = (f64::from(width), f64::from(height));
        let ratio = (f64::from(self.width) / w).min(f64::from(self.height) / h);
        let (new_w, new_h) = match self.fit {
            Fit::Stretch => (self.width, self.height),
            Fit::TopLeft => ((w * ratio) as u32, (h * ratio) as u32),
            Fit::Centred => ((w * ratio).round_ties_even() as u32, (h * ratio).round_ties_even() as u32),
        };
        let (new_w, new_h) = (new_w.clamp(1, self.width), new_h.clamp(1, self.height));
        let (scale_x, scale_y) = match self.fit {
            Fit::TopLeft => (ratio, ratio),
            _ => (f64::from(new_w) / w, f64::from(new_h) / h),
        };
        // An odd rest: the smaller half comes first.
        let before = |rest: u32| if self.fit == Fit::Centred { rest / 2 } else { 0 };
        Lie {
            placement: Placement { width, height, scale_x, scale_y },
            left: before(self.width - new_w),
            top: before(self.height - new_h),
            width: new_w,
            height: new_h,
            frame: [self.width, self.height],
        }
    }

    /// Writes a picture into its place in a batch.
    pub(crate) fn write(&self, picture: &Picture, values: &mut [f32]) -> Result<Lie, Error> {
        let lie = self.lie(picture.width, picture.height);
        let filter = FilterType::Bilinear;
        let way = if self.antialias { ResizeAlg::Convolution(filter) } else { ResizeAlg::Interpolation(filter) };
        let scaled = picture.resampled(lie.width, lie.height, way)?;
        let mut tables = self.normalise.tables();
        if self.colours == Colours::Bgr {
            tables.swap(0, 2);
        }
        self.fill(&scaled, &lie, &tables, values);
        Ok(lie)
    }

    /// Writes the three planes, a row of each at a time. `tables` stand in the order of the planes.
    fn fill(&self, scaled: &Picture, lie: &Lie, tables: &[[f32; 256]; 3], values: &mut [f32]) {
        let (width, left) = (self.width as usize, lie.left as usize);
        let size = width * self.height as usize;
        if (lie.width, lie.height) != (self.width, self.height) {
            values.chunks_exact_mut(size).zip(tables).for_each(|(plane, table)| plane.fill(table[PADDING]));
        }
        let (first, rest) = values.split_at_mut(size);
        let (second, third) = rest.split_at_mut(size);
        let is_bgr = self.colours == Colours::Bgr;
        for (y, row) in scaled.rgb.chunks_exact(3 * lie.width as usize).enumerate() {
            let from = (y + lie.top as usize) * width + left;
            let to = from + lie.width as usize;
            let planes = first[from..to].iter_mut().zip(&mut second[from..to]).zip(&mut third[from..to]);
            for (pixel, ((a, b), c)) in row.chunks_exact(3).zip(planes) {
                let (low, high) = if is_bgr { (pixel[2], pixel[0]) } else { (pixel[0], pixel[2]) };
                *a = tables[0][low as usize];
                *b = tables[1][pixel[1] as usize];
                *c = tables[2][high as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framing(fit: Fit, width: u32, height: u32) -> Framing {
        let (colours, normalise) = (Colours::Rgb, Normalise::UNIT);
        Framing { width, height, fit, colours, normalise, antialias: false }
    }

    #[test]
    fn ultralytics_puts_it_in_the_middle() {
        // LetterBox((640, 640)) of 427 × 640: 427 columns, half of the rest is 106.5: round(106.4) left, round(106.6) right.
        let lie = framing(Fit::Centred, 640, 640).lie(427, 640);
        assert_eq!((lie.left, lie.top, lie.width, lie.height), (106, 0, 427, 640));
        // 0.5 rounds to the even side: 5 × 1 in 2 × 2 is 2 × 0.4, at least one row.
        assert_eq!(framing(Fit::Centred, 2, 2).lie(5, 1).height, 1);
        assert_eq!(framing(Fit::Centred, 100, 100).lie(200, 25).height, 12);
    }

    #[test]
    fn yolox_truncates_and_goes_back_by_the_ratio() {
        let lie = framing(Fit::TopLeft, 416, 416).lie(640, 427);
        assert_eq!((lie.left, lie.top, lie.width, lie.height), (0, 0, 416, 277));
        assert!((lie.placement.scale_y - 0.65).abs() < 1e-12);
    }

    #[test]
    fn the_rest_is_grey_and_colours_stand_in_order() {
        let mut framing = framing(Fit::Centred, 4, 4);
        framing.colours = Colours::Bgr;
        let mut values = vec![0.0; framing.len()];
        framing.write(&Picture::filled(8, 4, [255, 0, 51]), &mut values).expect("it fits");
        let grey = 114.0 / 255.0;
        assert_eq!(values[..4], [grey; 4]);
        assert_eq!(values[4..8], [0.2; 4]);
        assert_eq!(values[32 + 4..32 + 8], [1.0; 4]);
    }

    proptest! {
        #[test]
        fn boxes_come_back(w in 1_u32..3000, h in 1_u32..3000, side in 64_u32..800, which in 0..3) {
            let fit = [Fit::Stretch, Fit::TopLeft, Fit::Centred][which as usize];
            let lie = framing(fit, side, side).lie(w, h);
            let place = |x: f64, y: f64| {
                let at = |v: f64, scale: f64, before: u32| v * scale + f64::from(before);
                (at(x, lie.placement.scale_x, lie.left), at(y, lie.placement.scale_y, lie.top))
            };
            let (x1, y1) = place(w.into(), h.into());
            prop_assert!(x1 <= f64::from(side) + 1e-6 && y1 <= f64::from(side) + 1e-6 || lie.width == 1 || lie.height == 1);
            let (x, y) = (f64::from(w) * 0.3, f64::from(h) * 0.8);
            let (fx, fy) = place(x, y);
            let back = lie.point(fx, fy);
            prop_assert!((back.0 - x).abs() < 0.5 && (back.1 - y).abs() < 0.5);
        }
    }
}
