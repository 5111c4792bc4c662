<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Programme;

use Loyaltyd\Data\Daemon;

defined( 'ABSPATH' ) || exit;

/**
 * The rules of the programme. They are edited here and kept in an option; the
 * daemon, which applies them, tells which are in force. Rates and amounts are
 * decimal texts, points whole numbers.
 */
final class Programme {

	const OPTION = 'loyaltyd_program';

	/** @var Daemon */
	private $daemon;

	/**
	 * @param Daemon $daemon Knows which rules are in force.
	 */
	public function __construct( Daemon $daemon ) {
		$this->daemon = $daemon;
	}

	/**
	 * Returns the rules in force: those that the daemon says it applies; before
	 * it ran, those that were saved, else the usual ones.
	 *
	 * @return array<string,mixed> A whole document, every key present.
	 */
	public function current(): array {
		$state = $this->daemon->get( 'program' );
		if ( isset( $state['document'] ) && is_array( $state['document'] ) && $state['document'] ) {
			return Document::complete( $state['document'] );
		}
		return Document::complete( $this->saved() ?? array() );
	}

	/**
	 * Returns the rules as people edit them: those saved here, also while the
	 * daemon has not taken them up; in a locked programme those in force.
	 *
	 * @return array<string,mixed> A whole document.
	 */
	public function edited(): array {
		$saved = $this->locked() ? null : $this->saved();
		return null === $saved ? $this->current() : Document::complete( $saved );
	}

	/** Says whether what was saved here is not in force yet, or refused. */
	public function is_waiting(): bool {
		return ! $this->locked() && null !== $this->saved() && Document::stamp( $this->edited() ) !== Document::stamp( $this->current() );
	}

	/** Says whether the daemon's own configuration holds the programme, so that saving here would change nothing. */
	public function locked(): bool {
		$state = $this->daemon->get( 'program' );
		return ! empty( $state['locked'] );
	}

	/** Returns where the rules in force are from: file, wordpress or defaults. */
	public function origin(): string {
		$state = $this->daemon->get( 'program' );
		return (string) ( $state['origin'] ?? ( null === $this->saved() ? 'defaults' : 'wordpress' ) );
	}

	/** Returns why the daemon does not apply what was saved here; "" when it does. */
	public function error(): string {
		$state = $this->daemon->get( 'program' );
		return (string) ( $state['error'] ?? '' );
	}

	/**
	 * Returns the usual rules.
	 *
	 * @return array<string,mixed>
	 */
	public function defaults(): array {
		return Document::defaults();
	}

	/**
	 * Returns what is wrong with rules, by key, such as
	 * earn.campaigns[0].from. The daemon checks again.
	 *
	 * @param array<string,mixed> $document Any subset of a document.
	 * @return array<string,string> Plain text, by key; empty when all is well.
	 */
	public function validate( array $document ): array {
		return ( new Validator() )->problems( Document::normal( $document ) );
	}

	/**
	 * Saves rules. The daemon takes them up by itself.
	 *
	 * @param array<string,mixed> $document Any subset of a document.
	 * @throws \InvalidArgumentException When they are wrong, or locked.
	 */
	public function save( array $document ) {
		if ( $this->locked() ) {
			throw new \InvalidArgumentException( __( 'The programme is kept in the configuration of the loyaltyd daemon: change it there.', 'loyaltyd' ) );
		}
		$document = Document::normal( $document );
		$problems = ( new Validator() )->problems( $document );
		if ( $problems ) {
			throw new \InvalidArgumentException( key( $problems ) . ': ' . reset( $problems ) );
		}
		update_option( self::OPTION, Document::encode( Document::complete( $document ) ), false );
	}

	/**
	 * Returns a text that changes whenever somebody saves, so that one who has
	 * had the form open for long can be told.
	 */
	public function stamp(): string {
		return substr( hash( 'sha256', (string) get_option( self::OPTION, '' ) ), 0, 16 );
	}

	/** Returns a text that changes with the rules in force; for keys of caches. */
	public function version(): string {
		return Document::stamp( $this->current() );
	}

	/**
	 * @return array<string,mixed>|null
	 */
	private function saved(): ?array {
		$text  = get_option( self::OPTION );
		$saved = is_string( $text ) ? json_decode( $text, true ) : null;
		return is_array( $saved ) ? $saved : null;
	}
}
