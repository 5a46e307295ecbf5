//! CommandFrame: what surrounds the data of a message (PS 5.3).

use alloc::vec::Vec;

use eebus_json::{Id, Record, Tag, Word};

use super::{
    AbsoluteOrRelativeTime, ElementsFilter, Function, FunctionName, HexBinary, Payload, Selectors,
};

/// Numbers the datagrams of a sender, ascending; answers refer to it.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct MsgCounter(pub u64);

/// What a message wants. A closed list: a message of another one is discarded.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum CmdClassifier {
    Read,
    Reply,
    Notify,
    Write,
    Call,
    /// How a read, write or call went.
    Result,
}

/// Which restricted exchange a filter means: exactly one of the two.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct CmdControl {
    pub delete: Option<Tag>,
    pub partial: Option<Tag>,
}

/// Restricts a command to some entries and some elements of its function (PS 5.3.4).
#[derive(Clone, Default, PartialEq, Record)]
pub struct Filter {
    /// A number of no consequence; do not send.
    pub filter_id: Option<u32>,
    pub cmd_control: Option<CmdControl>,
    /// Which entries: those that any of these selects. None: all.
    #[choice]
    pub selectors: Vec<Selectors>,
    /// Which elements of them. Absent: the whole entries.
    #[choice]
    pub elements: Option<ElementsFilter>,
}

impl Filter {
    /// The data are a part of the whole; in a read: only a part is wanted.
    pub fn partial() -> Self {
        let control = CmdControl { delete: None, partial: Some(Tag) };
        Self { cmd_control: Some(control), ..Self::default() }
    }

    /// Something is to be deleted: entries, or elements of them.
    pub fn delete() -> Self {
        let control = CmdControl { delete: Some(Tag), partial: None };
        Self { cmd_control: Some(control), ..Self::default() }
    }

    /// For the entries that these selectors match, beside those matched so far.
    #[must_use]
    pub fn select(mut self, selectors: Selectors) -> Self {
        self.selectors.push(selectors);
        self
    }

    /// For these elements only.
    #[must_use]
    pub fn elements(mut self, elements: ElementsFilter) -> Self {
        self.elements = Some(elements);
        self
    }
}

/// One command: a function, what to do with it, and its data.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Cmd {
    /// The function that the filters refer to; sent if and only if there is a filter.
    pub function: Option<FunctionName>,
    /// At most one that deletes and one that is partial.
    pub filter: Vec<Filter>,
    /// The data; present and empty in reads and in commands that only delete.
    #[choice]
    pub data: Option<Payload>,
    /// Do not send; ignored.
    pub manufacturer_specific_extension: Option<HexBinary>,
    /// When the data changed last. Do not send; ignored.
    pub last_update_at: Option<AbsoluteOrRelativeTime>,
}

impl Cmd {
    /// A command without restriction: the complete data of its function.
    pub fn full(data: impl Into<Payload>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// Asks for the complete data of a function.
    pub fn read(function: Function) -> Self {
        Self::full(Payload::empty(function))
    }

    /// Data that are a part of the whole, to be merged.
    pub fn partial(data: impl Into<Payload>) -> Self {
        Self::filtered(data, [Filter::partial()])
    }

    /// Data with filters, in their order: the one that deletes first.
    pub fn filtered(data: impl Into<Payload>, filters: impl Into<Vec<Filter>>) -> Self {
        let data = data.into();
        Self {
            function: Some(data.function_name()),
            filter: filters.into(),
            data: Some(data),
            ..Self::default()
        }
    }

    /// The function that the command is about, whatever of it is given.
    ///
    /// The name of the data counts before `function`, which some peers leave empty, and that
    /// before the names of selectors and elements. `None`: nothing names one.
    pub fn function_name(&self) -> Option<FunctionName> {
        if let Some(data) = &self.data {
            return Some(data.function_name());
        }
        if let Some(name) = self.function.as_ref().filter(|name| !name.as_str().is_empty()) {
            return Some(name.clone());
        }
        let of_filter = |filter: &Filter| {
            let selectors = filter.selectors.first().and_then(Selectors::function);
            selectors.or_else(|| filter.elements.as_ref().and_then(ElementsFilter::function))
        };
        self.filter.iter().find_map(of_filter).map(FunctionName::Known)
    }
}
