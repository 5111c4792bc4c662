package wpbridge

import (
	"fmt"
)

// erase erases what people wrote about a customer. It works also for one who
// was deleted from the site.
func erase(x *exchange) (answer, error) {
	user, err := x.pathID()
	if err != nil {
		return answer{}, err
	}
	if err := decode(x.body, &struct{}{}); err != nil {
		return answer{}, err
	}
	ctx := x.Context()
	at, err := x.site.Standing(ctx, 0)
	if err != nil {
		return answer{}, err
	}
	if err := at.Ledger.Claim(ctx, x.idem, fmt.Sprintf("erase %d", user)); err != nil {
		return answer{}, err
	}
	erased, err := at.Ledger.EraseNotes(ctx, user)
	if err != nil {
		return answer{}, err
	}
	if err := x.site.Reports.CopyNotes(ctx, user); err != nil {
		return answer{}, err
	}
	x.site.Changed()
	return ok(map[string]int64{"notes": erased}), nil
}
