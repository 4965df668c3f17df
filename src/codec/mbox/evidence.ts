import type { Ground, MboxRules } from '../../core/types.ts';
import type { MetadataHeader, Verdict } from './dialect.ts';

/** The rules that fit a file, and why, as a sentence for the administrator. */
export interface RulesDecision {
  readonly rules: MboxRules;
  readonly reason: string;
  readonly ground: Ground;
}

/** UIDVALIDITY and last UID. */
const BASE = /^\s*(\d+)\s+(\d+)(?:\s|$)/;

/** Dovecot writes the last UID with ten digits in X-IMAPbase, c-client without padding (observed with 2.3.19 and 2007f). */
const DOVECOT_DIGITS = 10;

/** The pseudo message has other senders: `MAILER_DAEMON` where Dovecot wrote it, `MAILER-DAEMON` where c-client did. */
const DOVECOT_PSEUDO = /^From MAILER_DAEMON /;

/** Who numbered the file, by the first message's metadata. */
type Writer = { readonly rules: 'dovecot' | 'uw'; readonly sign: string } | undefined;

/**
 * Gathers what speaks for which rules while a file is read once by the `plain` rules, and then decides.
 *
 * The order of the questions is the order of harm: wrong UIDs make every client fetch everything anew, so a server's
 * numbering comes first. A file that Dovecot would refuse as a whole, or of which it would glue messages together, is
 * read by the `plain` rules.
 */
export class RulesEvidence {
  readonly #indexes: boolean;
  #writer: Writer;
  #firstUnexplained = -1;
  /** Whether there was a line at which the rules part in what they see of the lines behind it. */
  #parted = false;
  /** Lines without a date that the `plain` rules take on weak evidence and Dovecot does not. */
  #weak = 0;
  /** Lines that Dovecot takes and the `plain` rules do not. */
  #extra = 0;
  #separators = 0;
  #startsLikeDovecot = false;

  /** @param dovecotIndexes whether a `.imap/NAME/dovecot.index*` or the like belongs to the file */
  constructor(dovecotIndexes: boolean) {
    this.#indexes = dovecotIndexes;
  }

  /**
   * A line that begins `From `, and what both rule sets make of it, in file order.
   *
   * @param offset bytes from the start of the file
   */
  candidate(offset: number, dovecot: Verdict, plain: Verdict): void {
    if (offset === 0) this.#startsLikeDovecot = dovecot.separator;
    if (!sameLines(dovecot, plain)) this.#parted = true;
    if (!plain.separator) {
      if (dovecot.separator) this.#extra++;
      return;
    }
    this.#separators++;
    if (dovecot.separator) return;
    const plausible = plain.date !== undefined || plain.weak === undefined || this.#separators === 1;
    if (!plausible) this.#weak++;
    else if (this.#firstUnexplained < 0) this.#firstUnexplained = offset;
  }

  /** @param fromLine its From_ line, latin1; @param headers its metadata fields, hidden ones included */
  firstMessage(fromLine: string, headers: readonly MetadataHeader[]): void {
    this.#writer = writerOf(fromLine, headers);
  }

  /** Whether a server's mark has been seen, so that no line of the rest can change the decision. */
  get settled(): boolean {
    return this.#numbered() !== undefined;
  }

  /** @param size bytes in the file */
  decide(size: number): RulesDecision {
    if (size === 0) return { rules: 'dovecot', reason: 'the file is empty', ground: 'lines' };
    const numbered = this.#numbered();
    if (numbered?.rules === 'uw') return { rules: 'uw', reason: numbered.sign, ground: 'mark' };
    const trouble = this.#dovecotTrouble(numbered !== undefined);
    if (trouble !== undefined) {
      const lost = numbered === undefined ? '' : ` (although ${numbered.sign})`;
      const ground = this.#startsLikeDovecot ? this.#firstUnexplained : 0;
      return { rules: 'plain', reason: `${trouble}${lost}`, ground };
    }
    if (numbered !== undefined) return { rules: 'dovecot', reason: numbered.sign, ground: 'mark' };
    const reason = `no server left its mark, and Dovecot's rules explain every separator${this.#doubts()}`;
    return { rules: 'dovecot', reason, ground: this.#parted ? 'survey' : 'lines' };
  }

  /** What the two rule sets read differently, where Dovecot's are chosen all the same. */
  #doubts(): string {
    const weak = this.#weak === 0 ? '' : `; ${this.#weak} doubtful line(s) without a date stay text`;
    const extra = this.#extra === 0 ? '' : `; ${this.#extra} line(s) that may be pasted text separate`;
    return weak + extra;
  }

  #numbered(): Writer {
    if (this.#indexes) return { rules: 'dovecot', sign: 'Dovecot indexes lie beside the file' };
    return this.#writer;
  }

  /**
   * Why Dovecot's rules cannot serve. In a file that Dovecot numbered, a line it does not take is text: it has been
   * text to every client.
   */
  #dovecotTrouble(numbered: boolean): string | undefined {
    if (!this.#startsLikeDovecot) return 'the file does not begin with a From_ line that Dovecot accepts';
    if (numbered || this.#firstUnexplained < 0) return undefined;
    return `Dovecot does not take the From_ line at offset ${this.#firstUnexplained} for a separator`;
  }
}

/** Whether Dovecot's rules and the plain ones make the same of a line, so that they also see the next ones alike. */
export function sameLines(dovecot: Verdict, plain: Verdict): boolean {
  return dovecot.separator === plain.separator && (dovecot.separator || dovecot.hidesNext !== true);
}

function writerOf(fromLine: string, headers: readonly MetadataHeader[]): Writer {
  for (const { name, value } of headers) {
    const match = BASE.exec(value);
    if (match === null) continue;
    switch (name.toLowerCase()) {
      case 'x-imap':
        if (DOVECOT_PSEUDO.test(fromLine))
          return { rules: 'dovecot', sign: "Dovecot's pseudo message leads the file" };
        return { rules: 'uw', sign: "c-client's pseudo message (X-IMAP) leads the file" };
      case 'x-imapbase':
        if (match[2]?.length !== DOVECOT_DIGITS)
          return { rules: 'uw', sign: 'X-IMAPbase is written as c-client does' };
        return { rules: 'dovecot', sign: 'X-IMAPbase is written as Dovecot does' };
    }
  }
  return undefined;
}
