<?php
/**
 * Every page.
 */

get_header();
while ( have_posts() ) {
	the_post();
	echo '<h1>';
	the_title();
	echo '</h1>';
	the_content();
}
get_footer();
