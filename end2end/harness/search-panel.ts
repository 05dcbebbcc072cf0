// The part of a model's page that searches a text by meaning, as a user uses it.
import { expect, type Locator, type Page } from '@playwright/test';

export class SearchPanel {
  readonly section: Locator;
  readonly source: Locator;
  readonly query: Locator;
  readonly hits: Locator;
  readonly marks: Locator;
  /** What is said of the text as a whole. */
  readonly state: Locator;
  readonly failure: Locator;

  constructor(page: Page) {
    this.section = page.getByTestId('search');
    this.source = this.section.getByLabel('Text', { exact: true });
    this.query = this.section.getByRole('searchbox', { name: 'What do you look for?' });
    this.hits = this.section.getByRole('listitem');
    this.marks = this.section.locator('[role=mark]');
    this.state = this.section.locator('.state');
    this.failure = this.section.getByRole('alert');
  }

  button(name: string): Locator {
    return this.section.getByRole('button', { name, exact: true });
  }

  async is(phase: 'absent' | 'edit' | 'busy' | 'search', timeout = 60_000): Promise<void> {
    await expect(this.section).toHaveAttribute('data-phase', phase, { timeout });
  }

  /** Puts a text in the place of what is there. Playwright types texts, which takes minutes for long ones. */
  async put(text: string): Promise<void> {
    await this.source.evaluate((source, text) => {
      (source as HTMLTextAreaElement).value = text;
    }, text);
  }

  /** Reads a text to its end. */
  async read(text?: string): Promise<void> {
    if (text !== undefined) await this.source.fill(text);
    await this.button('Search in this text').click();
    await this.is('search');
  }

  /** Types a query; gives the closest passage, once it is this one. */
  async finds(query: string, passage: RegExp): Promise<string> {
    await this.query.fill('');
    await this.query.pressSequentially(query);
    await expect(this.hits.first(), query).toContainText(passage);
    return this.hits.first().getByRole('link').innerText();
  }
}
