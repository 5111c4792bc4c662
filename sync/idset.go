package sync

// idSet is a set of ids that mostly lie close together. It keeps no more than
// its memory allows: that an id is not in it says nothing.
type idSet struct {
	words map[int64]uint64 // id/64 → which of the 64 ids
}

// Some 10 MB: eight million ids without gaps.
const mostWords = 1 << 17

func (s *idSet) add(id int64) {
	if s.words == nil {
		s.words = map[int64]uint64{}
	}
	word, bit := id>>6, uint64(1)<<(id&63)
	if before, there := s.words[word]; there || len(s.words) < mostWords {
		s.words[word] = before | bit
	}
}

func (s *idSet) has(id int64) bool { return s.words[id>>6]&(1<<(id&63)) != 0 }
