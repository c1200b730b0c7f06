//! From pixels to the planes a network wants, and back from its frame to the picture.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::Error;
use crate::picture::Picture;
use crate::tensor::Tensor;

/// Mean and standard deviation per channel, red green blue, of values 0–255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalise {
    /// Taken away.
    pub mean: [f32; 3],
    /// Divided by.
    pub std: [f32; 3],
}

impl Normalise {
    /// ImageNet's, as torchvision and SAM have it.
    pub const IMAGENET: Self = Self { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
    /// OpenAI CLIP's.
    pub const CLIP: Self =
        Self { mean: [122.770_94, 116.746_01, 104.093_735], std: [68.500_53, 66.632_19, 70.323_166] };
    /// To −1 … 1, as SigLIP and SAM 3 have it.
    pub const SIGNED: Self = Self { mean: [127.5; 3], std: [127.5; 3] };
    /// To 0 … 1.
    pub const UNIT: Self = Self { mean: [0.0; 3], std: [255.0; 3] };
    /// EfficientNet-Lite's.
    pub const LITE: Self = Self { mean: [127.0; 3], std: [128.0; 3] };
    /// 0 … 255 as they are.
    pub const NONE: Self = Self { mean: [0.0; 3], std: [1.0; 3] };

    /// What each value of each channel becomes: 256 divisions instead of one a pixel.
    pub(crate) fn tables(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|channel| {
            std::array::from_fn(|value| (value as f32 - self.mean[channel]) / self.std[channel])
        })
    }
}

/// How a picture lies in the frame of a network: a point (x, y) of the picture is at (x · `scale_x`, y · `scale_y`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Frame pixels per picture pixel, across.
    pub scale_x: f64,
    /// Frame pixels per picture pixel, down.
    pub scale_y: f64,
}

impl Picture {
    /// Scaled so that the longer side is `side` (up as well as down), rounded half up as SAM does.
    pub(crate) fn with_long_side(&self, side: u32) -> Result<(Self, Placement), Error> {
        let scale = f64::from(side) / f64::from(self.width.max(self.height));
        let length = |n: u32| ((f64::from(n) * scale + 0.5) as u32).max(1);
        let (width, height) = (length(self.width), length(self.height));
        Ok((self.resized(width, height, FilterType::Bilinear)?, self.placement(width, height)))
    }

    /// Stretched to `width` × `height`.
    pub(crate) fn stretched(&self, width: u32, height: u32, filter: FilterType) -> Result<(Self, Placement), Error> {
        Ok((self.resized(width, height, filter)?, self.placement(width, height)))
    }

    /// The shorter side scaled to `short`, then the middle `crop` × `crop`.
    pub(crate) fn middle(&self, short: u32, crop: u32, filter: FilterType) -> Result<Self, Error> {
        let scale = f64::from(short) / f64::from(self.width.min(self.height));
        // torchvision truncates the longer side.
        let length = |n: u32| if n == self.width.min(self.height) { short } else { (f64::from(n) * scale) as u32 };
        let scaled = self.resized(length(self.width).max(crop), length(self.height).max(crop), filter)?;
        let (left, top) = ((scaled.width - crop) / 2, (scaled.height - crop) / 2);
        let mut rgb = Vec::with_capacity(3 * crop as usize * crop as usize);
        for y in top..top + crop {
            let start = 3 * (y as usize * scaled.width as usize + left as usize);
            rgb.extend_from_slice(&scaled.rgb[start..start + 3 * crop as usize]);
        }
        Ok(Self { width: crop, height: crop, rgb })
    }

    fn placement(&self, width: u32, height: u32) -> Placement {
        Placement {
            width: self.width,
            height: self.height,
            scale_x: f64::from(width) / f64::from(self.width),
            scale_y: f64::from(height) / f64::from(self.height),
        }
    }

    /// Antialiased when made smaller, as PIL and torchvision do it.
    fn resized(&self, width: u32, height: u32, filter: FilterType) -> Result<Self, Error> {
        self.resampled(width, height, ResizeAlg::Convolution(filter))
    }

    /// Scaled to `width` × `height` in one of the ways of doing it.
    pub(crate) fn resampled(&self, width: u32, height: u32, way: ResizeAlg) -> Result<Self, Error> {
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        let wrong = |e: &dyn std::fmt::Display| Error::NotScaled(e.to_string());
        let options = ResizeOptions::new().resize_alg(way);
        let mut rgb = vec![0; 3 * width as usize * height as usize];
        let source = TypedImageRef::<U8x3>::from_buffer(self.width, self.height, &self.rgb).map_err(|e| wrong(&e))?;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut rgb).map_err(|e| wrong(&e))?;
        Resizer::new().resize_typed(&source, &mut target, &options).map_err(|e| wrong(&e))?;
        Ok(Self { width, height, rgb })
    }

    /// `[1, 3, height, width]`, red green blue, normalised; zeros to the right and below where the picture is smaller.
    pub(crate) fn planes(&self, width: u32, height: u32, normalise: &Normalise) -> Tensor {
        let mut values = vec![0.0; 3 * width as usize * height as usize];
        self.write_planes(&mut values, width, height, normalise);
        Tensor::f32(&[1, 3, height as usize, width as usize], values)
    }

    /// Writes [`planes`](Self::planes) into their place in a batch.
    pub(crate) fn write_planes(&self, values: &mut [f32], width: u32, height: u32, normalise: &Normalise) {
        let (stride, size) = (width as usize, width as usize * height as usize);
        let table = normalise.tables();
        for (channel, plane) in values.chunks_exact_mut(size).enumerate().take(3) {
            for (row, line) in self.rgb.chunks_exact(3 * self.width as usize).zip(plane.chunks_exact_mut(stride)) {
                for (pixel, value) in row.chunks_exact(3).zip(line) {
                    *value = table[channel][pixel[channel] as usize];
                }
            }
        }
    }
}
