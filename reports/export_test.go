package reports

// KeepEarners makes the lists of earners so long, at least Places.
func (r *Reports) KeepEarners(n int) { r.listed = n }
