package bench

import (
	"context"
	"errors"
	"time"
)

// logged lets the server log each statement of the sessions that begin during
// work, with its time.
func (b *Bench) logged(ctx context.Context, s *Store, work func() error) error {
	for _, set := range []string{"log_output = 'TABLE'", "long_query_time = 0", "slow_query_log = 1"} {
		if err := execute(ctx, s.DB, "SET GLOBAL "+set); err != nil {
			return err
		}
	}
	err := work()
	for _, set := range []string{"slow_query_log = 0", "long_query_time = 10", "log_output = 'FILE'"} {
		err = errors.Join(err, execute(ctx, s.DB, "SET GLOBAL "+set))
	}
	return err
}

// forgetLog empties the log.
func forgetLog(ctx context.Context, s *Store) error {
	return execute(ctx, s.DB, "TRUNCATE TABLE mysql.slow_log")
}

// loggedTime returns how long the server took for the logged statements on the
// store for which the condition holds.
func loggedTime(ctx context.Context, s *Store, condition string) (time.Duration, error) {
	var microseconds int64
	err := s.DB.GetContext(ctx, &microseconds, `
		SELECT CAST(COALESCE(SUM(TIME_TO_SEC(query_time)), 0) * 1000000 AS SIGNED) FROM mysql.slow_log WHERE db = DATABASE() AND `+condition)
	return time.Duration(microseconds) * time.Microsecond, err
}
