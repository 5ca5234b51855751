pub(super) const TABLE: &[super::Entry] = &[];
