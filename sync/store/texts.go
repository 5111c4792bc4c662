package store

import "strings"

// texts keeps short texts together: one allocation holds hundreds of them.
type texts struct{ chunk strings.Builder }

const textChunk = 16 << 10

// keep returns the text of bytes that are about to change.
func (t *texts) keep(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if t.chunk.Cap()-t.chunk.Len() < len(text) {
		t.chunk = strings.Builder{} // the texts hold on to the full one
		t.chunk.Grow(max(textChunk, len(text)))
	}
	from := t.chunk.Len()
	t.chunk.Write(text)
	return t.chunk.String()[from:]
}

// words are texts of which there are few, so that rows share them.
type words map[string]string

func (w words) keep(word []byte) string {
	if known, is := w[string(word)]; is {
		return known
	}
	text := string(word)
	w[text] = text
	return text
}
