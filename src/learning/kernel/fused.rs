//! The inner loops with AVX2 and fused multiply-add: the only unsafe code of the house, and all of it is here.
//!
//! Left to the compiler these loops run at a tenth of the speed, since it unrolls them before it would vectorise them.
//! What must hold is that the processor has the instructions (a `Fused` exists only then) and that eight floats are
//! there to be loaded (a reference to eight says so).
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps,
    _mm256_storeu_si256,
};

use super::STRIP;

/// Proof that this processor has the instructions.
#[derive(Clone, Copy)]
pub(super) struct Fused(());

impl Fused {
    /// The proof, where it holds.
    #[inline]
    pub fn here() -> Option<Self> {
        let has = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
        has.then_some(Self(()))
    }

    /// The sum of products of two vectors of one length.
    #[inline]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: `self` proves that the instructions are there.
        unsafe { dot(a, b) }
    }

    /// The sum of products of bytes and small numbers.
    #[inline]
    pub fn dot_bytes(self, bytes: &[i8], numbers: &[i16]) -> i32 {
        // SAFETY: `self` proves that the instructions are there.
        unsafe { dot_bytes(bytes, numbers) }
    }

    /// The products of M rows with one strip.
    #[inline]
    pub fn tile<const M: usize>(self, rows: [&[f32]; M], strip: &[[f32; STRIP]]) -> [[f32; STRIP]; M] {
        // SAFETY: `self` proves that the instructions are there.
        unsafe { tile(rows, strip) }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(from: &[f32; 8]) -> __m256 {
    // SAFETY: the reference says that eight floats are there; no alignment is asked.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn stored(value: __m256) -> [f32; 8] {
    let mut to = [0.0; 8];
    // SAFETY: eight floats fit into the array; no alignment is asked.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) };
    to
}

#[target_feature(enable = "avx2,fma")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((heads, tail), (others, rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let ((fours, ones), (other_fours, other_ones)) = (heads.as_chunks::<4>(), others.as_chunks::<4>());
    let mut sums = [_mm256_setzero_ps(); 4];
    for (x, y) in fours.iter().zip(other_fours) {
        for lane in 0..4 {
            sums[lane] = _mm256_fmadd_ps(load(&x[lane]), load(&y[lane]), sums[lane]);
        }
    }
    for (x, y) in ones.iter().zip(other_ones) {
        sums[0] = _mm256_fmadd_ps(load(x), load(y), sums[0]);
    }
    let parts = sums.map(|sum| stored(sum));
    let end: f32 = tail.iter().zip(rest).map(|(x, y)| x * y).sum();
    (0..8).map(|lane| (parts[0][lane] + parts[1][lane]) + (parts[2][lane] + parts[3][lane])).sum::<f32>() + end
}

#[target_feature(enable = "avx2,fma")]
fn dot_bytes(bytes: &[i8], numbers: &[i16]) -> i32 {
    let ((heads, tail), (others, rest)) = (bytes.as_chunks::<16>(), numbers.as_chunks::<16>());
    let mut sums = [_mm256_setzero_si256(); 2];
    for (at, (x, y)) in heads.iter().zip(others).enumerate() {
        // SAFETY: the references say that sixteen bytes and sixteen numbers are there; no alignment is asked.
        let (x, y) = unsafe { (_mm_loadu_si128(x.as_ptr().cast()), _mm256_loadu_si256(y.as_ptr().cast())) };
        sums[at % 2] = _mm256_add_epi32(sums[at % 2], _mm256_madd_epi16(_mm256_cvtepi8_epi16(x), y));
    }
    let mut lanes = [0i32; 8];
    // SAFETY: eight numbers fit into the array; no alignment is asked.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), _mm256_add_epi32(sums[0], sums[1])) };
    let end: i32 = tail.iter().zip(rest).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
    lanes.iter().sum::<i32>() + end
}

#[target_feature(enable = "avx2,fma")]
fn tile<const M: usize>(rows: [&[f32]; M], strip: &[[f32; STRIP]]) -> [[f32; STRIP]; M] {
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    // Equal lengths, said aloud, spare a check of bounds in each step.
    let rows = rows.map(|row| &row[..strip.len()]);
    for (p, b) in strip.iter().enumerate() {
        let (halves, _) = b.as_chunks::<8>();
        let (left, right) = (load(&halves[0]), load(&halves[1]));
        for i in 0..M {
            let a = _mm256_set1_ps(rows[i][p]);
            sums[i] = [_mm256_fmadd_ps(a, left, sums[i][0]), _mm256_fmadd_ps(a, right, sums[i][1])];
        }
    }
    let mut out = [[0.0; STRIP]; M];
    for (to, sums) in out.iter_mut().zip(sums) {
        to[..8].copy_from_slice(&stored(sums[0]));
        to[8..].copy_from_slice(&stored(sums[1]));
    }
    out
}
