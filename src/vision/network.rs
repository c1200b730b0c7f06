//! One ONNX file, opened: names in, names out, tensors through. The only place that speaks to ONNX Runtime.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ort::ep::CUDA;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{NoSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};

use crate::lanes::{Lanes, Plan, weights};
use crate::model_error::ModelError;
use crate::runtime::{Provider, ProviderWish, Runtime, note_fallback};
use crate::tensor::{Data, Tensor};

/// How to open a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// What is to compute.
    pub provider: ProviderWish,
    /// Threads within one operation; 0 lets ONNX Runtime choose.
    pub threads: usize,
    /// Many pictures are coming and nobody waits for a single one: as many runs side by side as pay off on the processor,
    /// each on its share of the cores. `threads` says nothing then.
    pub many: bool,
}

/// An input or output of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// Length of every axis; `None` where it may vary.
    pub shape: Vec<Option<usize>>,
    kind: TensorElementType,
}

impl Port {
    /// Name and shape, with `?` for an axis that may vary.
    fn signature(&self) -> String {
        let length = |n: &Option<usize>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        format!("{} [{}]", self.name, self.shape.iter().map(length).collect::<Vec<_>>().join(","))
    }
}

/// One opened ONNX file.
pub struct Network {
    name: String,
    lanes: Lanes,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    metadata: BTreeMap<String, String>,
    provider: Provider,
    many: bool,
    load_ms: f64,
}

/// Lets another thread stop the runs that are under way with it.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    running: Arc<Mutex<Vec<Arc<RunOptions<NoSelectedOutputs>>>>>,
}

impl Stop {
    /// Stops the runs under way, and every later one with this handle.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::SeqCst);
        for run in &*self.running() {
            // A run that cannot be stopped ends by itself a moment later.
            let _ = run.terminate();
        }
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    fn running(&self) -> MutexGuard<'_, Vec<Arc<RunOptions<NoSelectedOutputs>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, run: &Arc<RunOptions<NoSelectedOutputs>>) -> Result<(), ModelError> {
        self.running().push(Arc::clone(run));
        if self.is_asked() { Err(ModelError::Stopped) } else { Ok(()) }
    }

    fn leave(&self, run: &Arc<RunOptions<NoSelectedOutputs>>) {
        self.running().retain(|other| !Arc::ptr_eq(other, run));
    }
}

impl Network {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ModelError::NoRuntime`] and [`ModelError::NotOpened`].
    pub fn open(file: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        let runtime = Runtime::get()?;
        let begun = Instant::now();
        let (sessions, provider) = open_sessions(runtime, file, options)
            .map_err(|reason| ModelError::NotOpened { file: file.to_owned(), reason })?;
        let session = &sessions[0];
        let ports = |list: &[ort::value::Outlet]| list.iter().map(port).collect::<Vec<_>>();
        Ok(Self {
            name: file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            inputs: ports(session.inputs()),
            outputs: ports(session.outputs()),
            metadata: metadata(session),
            lanes: Lanes::new(sessions),
            provider,
            many: options.many,
            load_ms: begun.elapsed().as_secs_f64() * 1e3,
        })
    }

    /// Its name for messages, after its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Inputs in the order of the file.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// Outputs in the order of the file.
    #[must_use]
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// What computes.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// How long opening took, in milliseconds.
    #[must_use]
    pub fn load_ms(&self) -> f64 {
        self.load_ms
    }

    /// Runs that may go on at the same time.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.count()
    }

    /// Pictures that go through it together where it takes any number, `usual` unless cores run side by side: what one
    /// picture is on the way then stays in the core's cache, and an answer never depends on what else was asked.
    pub(crate) fn together(&self, usual: usize) -> usize {
        if self.many && self.provider == Provider::Cpu { 1 } else { usual }
    }

    /// It has an input of that name.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.inputs.iter().any(|port| port.name == name)
    }

    /// It has an output of that name.
    #[must_use]
    pub fn gives(&self, name: &str) -> bool {
        self.outputs.iter().any(|port| port.name == name)
    }

    /// The input of that name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Port> {
        self.inputs.iter().find(|port| port.name == name)
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Port> {
        self.outputs.iter().find(|port| port.name == name)
    }

    /// What the exporter wrote beside the graph under this key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Its inputs and outputs with their shapes on one line, for messages.
    #[must_use]
    pub fn signature(&self) -> String {
        let list = |ports: &[Port]| ports.iter().map(Port::signature).collect::<Vec<_>>().join(", ");
        format!("{} → {}", list(&self.inputs), list(&self.outputs))
    }

    /// Runs it. Of `feeds` only what the network declares is given to it, in the type it declares (exporters drop inputs
    /// that are not used, and labels are floats in some files and integers in others). Gives `wanted` in that order, and
    /// computes nothing else.
    ///
    /// # Errors
    /// [`ModelError::Contract`] when a declared input is not fed, [`ModelError::Failed`].
    pub fn run(&self, feeds: &[(&str, &Tensor)], wanted: &[&str]) -> Result<Vec<Tensor>, ModelError> {
        let cast = self.cast(feeds)?;
        let selected = wanted.iter().fold(OutputSelector::no_default(), |selector, name| selector.with(*name));
        let options = RunOptions::new().map_err(|e| self.failed(&e))?.with_outputs(selected);
        self.lanes.run(|session| {
            let answer = session.run_with_options(self.views(&cast)?, &options).map_err(|e| self.failed(&e))?;
            self.pick(&answer, wanted)
        })
    }

    /// Runs it as [`run`](Self::run) does, all outputs, so that another thread can stop it half-way.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`ModelError::Stopped`].
    pub fn run_until(
        &self,
        feeds: &[(&str, &Tensor)],
        wanted: &[&str],
        stop: &Stop,
    ) -> Result<Vec<Tensor>, ModelError> {
        let cast = self.cast(feeds)?;
        let options = Arc::new(RunOptions::new().map_err(|e| self.failed(&e))?);
        self.lanes.run(|session| {
            let views = self.views(&cast)?;
            let entered = stop.enter(&options);
            let answer = entered.and_then(|()| {
                let stopped = |e| if stop.is_asked() { ModelError::Stopped } else { self.failed(&e) };
                session.run_with_options(views, &options).map_err(stopped)
            });
            stop.leave(&options);
            self.pick(&answer?, wanted)
        })
    }

    fn views<'t>(
        &self,
        cast: &'t [(&'t str, Fed<'t>)],
    ) -> Result<Vec<(Cow<'t, str>, SessionInputValue<'t>)>, ModelError> {
        let named = cast.iter().map(|(name, tensor)| Ok((Cow::Borrowed(*name), view(tensor)?)));
        named.collect::<ort::Result<_>>().map_err(|e| self.failed(&e))
    }

    fn pick(&self, answer: &SessionOutputs<'_>, wanted: &[&str]) -> Result<Vec<Tensor>, ModelError> {
        let each = wanted.iter().map(|name| {
            let value = answer.get(name).ok_or_else(|| self.misses(name))?;
            read(value).map_err(|e| self.failed(&e))
        });
        each.collect()
    }

    /// The feeds that the network declares, each in the type it declares.
    fn cast<'f>(&self, feeds: &[(&'f str, &'f Tensor)]) -> Result<Vec<(&'f str, Fed<'f>)>, ModelError> {
        self.inputs
            .iter()
            .map(|port| {
                let (name, tensor) =
                    feeds.iter().find(|(name, _)| *name == port.name).ok_or_else(|| self.misses(&port.name))?;
                Ok((*name, Fed::new(tensor, port.kind)))
            })
            .collect()
    }

    fn misses(&self, name: &str) -> ModelError {
        let expected = format!("{name} is not known to the adapter");
        ModelError::Contract { family: self.name.clone(), expected, found: self.signature() }
    }

    fn failed(&self, error: &ort::Error) -> ModelError {
        ModelError::Failed { model: self.name.clone(), reason: error.to_string() }
    }
}

/// A tensor in the type that the network wants.
enum Fed<'f> {
    AsIs(&'f Tensor),
    Cast(Tensor),
    Half(&'f [usize], Vec<half::f16>),
    I32(&'f [usize], Vec<i32>),
}

impl<'f> Fed<'f> {
    fn new(tensor: &'f Tensor, kind: TensorElementType) -> Self {
        let cast = |data| Self::Cast(Tensor { shape: tensor.shape.clone(), data });
        match (kind, &tensor.data) {
            (TensorElementType::Float16, _) => {
                Self::Half(&tensor.shape, tensor.to_f32().into_iter().map(half::f16::from_f32).collect())
            }
            (TensorElementType::Int32, _) => {
                Self::I32(&tensor.shape, tensor.to_f32().into_iter().map(|v| v as i32).collect())
            }
            (TensorElementType::Int64, Data::F32(values)) => {
                cast(Data::I64(values.iter().map(|v| *v as i64).collect()))
            }
            (TensorElementType::Float32, Data::I64(_) | Data::U8(_) | Data::Bool(_)) => {
                cast(Data::F32(tensor.to_f32()))
            }
            (TensorElementType::Bool, Data::F32(_) | Data::I64(_)) => {
                cast(Data::Bool(tensor.to_f32().into_iter().map(|v| v != 0.0).collect()))
            }
            _ => Self::AsIs(tensor),
        }
    }
}

fn view<'t>(fed: &'t Fed<'_>) -> ort::Result<SessionInputValue<'t>> {
    let tensor = match fed {
        Fed::AsIs(tensor) => *tensor,
        Fed::Cast(tensor) => tensor,
        Fed::Half(shape, values) => return Ok(TensorRef::from_array_view((*shape, values.as_slice()))?.into()),
        Fed::I32(shape, values) => return Ok(TensorRef::from_array_view((*shape, values.as_slice()))?.into()),
    };
    let shape = tensor.shape.as_slice();
    Ok(match &tensor.data {
        Data::F32(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        Data::I64(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        Data::U8(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        Data::Bool(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
    })
}

fn read(value: &DynValue) -> ort::Result<Tensor> {
    let kind = value.dtype().tensor_type().unwrap_or(TensorElementType::Undefined);
    let shape = |shape: &[i64]| shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect::<Vec<_>>();
    macro_rules! take {
        ($source:ty, $variant:ident, $convert:expr) => {{
            let (lengths, values) = value.try_extract_tensor::<$source>()?;
            Tensor { shape: shape(lengths), data: Data::$variant(values.iter().map($convert).collect()) }
        }};
    }
    Ok(match kind {
        TensorElementType::Float16 => take!(half::f16, F32, |v| v.to_f32()),
        TensorElementType::Float64 => take!(f64, F32, |v| *v as f32),
        TensorElementType::Int64 => take!(i64, I64, |v| *v),
        TensorElementType::Int32 => take!(i32, I64, |v| i64::from(*v)),
        TensorElementType::Uint8 => take!(u8, U8, |v| *v),
        TensorElementType::Bool => take!(bool, Bool, |v| *v),
        _ => {
            let (lengths, values) = value.try_extract_tensor::<f32>()?;
            Tensor { shape: shape(lengths), data: Data::F32(values.to_vec()) }
        }
    })
}

/// At least one session; where many pictures are coming and the processor computes, one for each lane.
fn open_sessions(runtime: &Runtime, file: &Path, options: &OpenOptions) -> Result<(Vec<Session>, Provider), String> {
    if options.provider != ProviderWish::Cpu && runtime.may_use_cuda() {
        match commit(runtime, file, options.threads, true) {
            Ok(session) => return Ok((vec![session], Provider::Cuda)),
            Err(reason) => note_fallback(&reason),
        }
    } else if options.provider == ProviderWish::Cuda {
        note_fallback("this ONNX Runtime is built without it; install the package onnxruntime-gpu");
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = if options.many { Plan::many(cores, weights(file)) } else { Plan::alone(options.threads) };
    let mut sessions = vec![commit(runtime, file, plan.threads, false)?];
    // Where there is no memory for another one, those that are open do.
    sessions.extend((1..plan.lanes).map_while(|_| commit(runtime, file, plan.threads, false).ok()));
    Ok((sessions, Provider::Cpu))
}

fn commit(runtime: &Runtime, file: &Path, threads: usize, cuda: bool) -> Result<Session, String> {
    let text = |e: ort::Error<_>| e.to_string();
    let mut builder = Session::builder(&runtime.environment)
        .map_err(|e| e.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(text)?;
    if threads > 0 {
        builder = builder.with_intra_threads(threads).map_err(text)?;
    }
    if cuda {
        builder = builder.with_execution_providers([CUDA::default().build().error_on_failure()]).map_err(text)?;
    }
    builder.commit_from_file(file).map_err(|e| e.to_string())
}

/// Metadata helps to recognise a file; one whose metadata cannot be read is recognised by its shapes or refused.
fn metadata(session: &Session) -> BTreeMap<String, String> {
    let Ok(metadata) = session.metadata() else { return BTreeMap::new() };
    let keys = metadata.custom_keys().unwrap_or_default();
    keys.into_iter().filter_map(|key| Some((key.clone(), metadata.custom(&key)?))).collect()
}

fn port(outlet: &ort::value::Outlet) -> Port {
    let (kind, shape) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => (*ty, shape.iter().map(|n| usize::try_from(*n).ok()).collect()),
        _ => (TensorElementType::Undefined, Vec::new()),
    };
    Port { name: outlet.name().to_owned(), shape, kind }
}
